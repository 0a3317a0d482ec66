# Perl's SOAP::Lite, which sends a type on every element and no namespace on any.
# Arguments: address of the service, wallet, API password, receiver, comment.
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use Digest::SHA qw(sha256_hex);
use Encode qw(decode_utf8);
use POSIX qw(strftime);
use SOAP::Lite;

my ($address, $wallet, $password, $receiver, $comment) = map { decode_utf8($_) } @ARGV;
my $client = SOAP::Lite->proxy($address)->uri('https://api.okpay.com')
    ->on_action(sub { "https://api.okpay.com/I_OkPayAPI/$_[1]" })
    ->on_fault(sub { my ($soap, $answer) = @_; die ref $answer ? $answer->faultstring . "\n" : $soap->transport->status });
my @who = (
    SOAP::Data->name(WalletID => $wallet),
    SOAP::Data->name(SecurityToken => sha256_hex($password . strftime(':%Y%m%d:%H', gmtime))),
);

sub call {
    my ($operation, @named) = @_;
    my @data;
    while (my ($name, $value) = splice @named, 0, 2) {
        push @data, ref $value ? $value : SOAP::Data->name($name => $value);
    }
    return $client->call($operation, @data);
}
sub named { my ($name, $type, $value) = @_; return ($name => SOAP::Data->name($name => $value)->type($type)); }
sub credentials { return (WalletID => $who[0], SecurityToken => $who[1]); }
sub two_places { return sprintf '%.2f', shift }
sub line { print join("\t", @_), "\n" }

line('date', call('Get_Date_Time')->result);

my $balance = call('Wallet_Get_Currency_Balance', credentials(), Currency => 'USD')->result;
line('balance', $balance->{Currency}, two_places($balance->{Amount}));

my @balances = call('Wallet_Get_Balance', credentials())->valueof('//Wallet_Get_BalanceResult/Balance');
line('balances', scalar @balances, $balances[0]{Currency});

my $sent = call('Send_Money', credentials(),
    named('Receiver', 'string', $receiver), named('Currency', 'string', 'USD'), named('Amount', 'float', '50.00'),
    named('Comment', 'string', $comment), named('IsReceiverPaysFees', 'boolean', 'false'),
    named('Invoice', 'string', ''))->result;
line('sent', two_places($sent->{Amount}), two_places($sent->{Fees}), two_places($sent->{Net}), $sent->{Comment},
    $sent->{Status}, $sent->{Receiver}{WalletID});

my ($page, $pages, $total, @ids) = (0, 1, 0);
while ($page < $pages) {
    my $answer = call('Transaction_History', credentials(), From => '', Till => '', PageSize => 3,
        PageNumber => ++$page);
    ($pages, $total) = ($answer->result->{PageCount}, $answer->result->{TotalCount});
    push @ids, map { $_->{ID} } $answer->valueof('//Transactions/TransactionInfo');
}
line('history', $page, $total, @ids);

eval { call('Wallet_Get_Currency_Balance', credentials(), Currency => 'XXX'); 1 } or do { chomp $@; line('fault', $@) };
