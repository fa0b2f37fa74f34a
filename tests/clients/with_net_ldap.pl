# Perl's Net::LDAP against a server; what is expected stands in the environment (see tests/clients.rs).
use strict;
use warnings;
use Net::LDAP;
use Net::LDAP::Control::Paged;
use Net::LDAP::Constant qw(LDAP_CONTROL_PAGED LDAP_INVALID_CREDENTIALS LDAP_INSUFFICIENT_ACCESS);
use Net::LDAP::Extension::SetPassword;
use Net::LDAP::Extension::WhoAmI;

sub bound {
    my ($dn, $password) = @_;
    my $ldap = Net::LDAP->new($ENV{URL}, timeout => 20) or die "no connection: $@";
    my $answer = $ldap->bind($dn, password => $password);
    return ($ldap, $answer->code);
}

sub expect {
    my ($answer, $code, $what) = @_;
    die "$what: " . $answer->code . " " . $answer->error . "\n" if $answer->code != $code;
    return $answer;
}

my ($bob, $code) = bound($ENV{BOB}, $ENV{BOB_PASSWORD});
die "bind: $code" if $code;
die "who am I" if $bob->who_am_i->response ne "dn:$ENV{BOB}";
my $found = expect($bob->search(base => $ENV{SUFFIX}, filter => '(mail=*@example.com)', attrs => ['cn']), 0, 'search');
die "found " . $found->count if $found->count != 3;
my ($seen, $page) = (0, Net::LDAP::Control::Paged->new(size => 2));
while (1) {
    my $answer = expect($bob->search(base => $ENV{SUFFIX}, filter => '(objectClass=*)', control => [$page]), 0, 'page');
    $seen += $answer->count;
    my ($control) = $answer->control(LDAP_CONTROL_PAGED) or die "no paged control";
    my $cookie = $control->cookie or last;
    $page->cookie($cookie);
}
die "paged $seen" if $seen != 7;
expect($bob->delete($ENV{ALICE}), LDAP_INSUFFICIENT_ACCESS, 'delete');
die "wrong password" if (bound($ENV{BOB}, 'wrong'))[1] != LDAP_INVALID_CREDENTIALS;

die "code" if (bound($ENV{ALICE}, "$ENV{ALICE_PASSWORD}$ENV{CODE}"))[1] != 0;
die "replay" if (bound($ENV{ALICE}, "$ENV{ALICE_PASSWORD}$ENV{CODE}"))[1] != LDAP_INVALID_CREDENTIALS;

my ($root) = bound($ENV{ROOT}, $ENV{ROOT_PASSWORD});
my $dan = "uid=dan,ou=people,$ENV{SUFFIX}";
my @entry = (objectClass => 'inetOrgPerson', cn => 'Dan', sn => 'Dyer', userPassword => 'first');
expect($root->add($dan, attrs => [@entry]), 0, 'add');
expect($root->modify($dan, replace => { sn => 'Dyers' }, add => { description => ['one'] }), 0, 'modify');
expect($root->compare($dan, attr => 'sn', value => 'dyers'), 6, 'compare');
expect($root->moddn($dan, newrdn => 'uid=daniel', deleteoldrdn => 1), 0, 'modify DN');
expect($root->set_password(user => "uid=daniel,ou=people,$ENV{SUFFIX}", newpasswd => 'second'), 0, 'set password');
expect($root->delete("uid=daniel,ou=people,$ENV{SUFFIX}"), 0, 'delete');
print "Net::LDAP: fine\n";
