/* Keeps somebody else's server on loopback, in the foreground and in the account of the tests, whatever it would do by itself: loaded
   before the C library (LD_PRELOAD) into a program that listens on every address, goes into the background and changes its user. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int bind(int socket, const struct sockaddr *address, socklen_t length) {
  int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
  if (address->sa_family != AF_INET || length < sizeof(struct sockaddr_in)) return real(socket, address, length);
  struct sockaddr_in here = *(const struct sockaddr_in *)address;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return real(socket, (const struct sockaddr *)&here, sizeof here);
}

/* The first time is for going into the background; afterwards one a connection. */
pid_t fork(void) {
  static int is_in_background = 0;
  pid_t (*real)(void) = dlsym(RTLD_NEXT, "fork");
  return is_in_background++ ? real() : 0;
}

int setreuid(uid_t real, uid_t effective) { (void)real; (void)effective; return 0; }
int setregid(gid_t real, gid_t effective) { (void)real; (void)effective; return 0; }
