"""A real mail server (aiosmtpd) for the delivery tests.

    mail_server.py '{"security": "none|starttls|tls", "folder": "...", "password": "...", "mode": "..."}'

Prints its port, then one line of JSON a mail that it took. Ends when its standard input ends.
Modes: take, refuse-recipient, refuse-text (quotes the mail, as spam filters do), silent (never answers the text), no-goodbye.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

wanted = json.loads(sys.argv[1])
security, mode, password = wanted["security"], wanted["mode"], wanted.get("password")


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if mode == "refuse-recipient":
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if mode == "silent":
            await asyncio.Event().wait()
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        if mode == "refuse-text":
            return "554 5.7.1 not wanted here: " + mail.get_content().strip()
        taken = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in mail.items()],
            "text": mail.get_content(),
            "raw": envelope.content.decode("ascii"),
            "encrypted": session.ssl is not None or security == "tls",
            "user": session.auth_data.login.decode() if session.auth_data else None,
        }
        print(json.dumps(taken), flush=True)
        return "250 OK"

    async def handle_QUIT(self, server, session, envelope):
        if mode == "no-goodbye":
            await asyncio.Event().wait()
        return "221 Bye"


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == b"countersign" and data.password == password.encode()
    return AuthResult(success=good, handled=False, auth_data=data if good else None)


def protocol(context):
    options = {"enable_SMTPUTF8": False, "hostname": "mail.example.com"}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if password:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": security == "starttls"}
    return SMTP(Handler(), **options)


async def serve():
    context = None
    if security != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(wanted["folder"] + "/server.pem", wanted["folder"] + "/server.key")
    loop = asyncio.get_running_loop()
    wrapper = context if security == "tls" else None
    server = await loop.create_server(lambda: protocol(context), "127.0.0.1", 0, ssl=wrapper)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.new_event_loop().run_until_complete(serve())
