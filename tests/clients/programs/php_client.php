<?php
// PHP's SoapClient. Arguments: address of the WSDL, wallet, API password, receiver, comment.
[, $wsdl, $wallet, $password, $receiver, $comment] = $argv;
$client = new SoapClient($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE]);
$who = ['WalletID' => $wallet, 'SecurityToken' => hash('sha256', $password . gmdate(':Ymd:H'))];

function line(...$values) { echo implode("\t", $values), "\n"; }
function two_places($amount) { return sprintf('%.2f', (float) $amount); }

line('date', $client->Get_Date_Time()->Get_Date_TimeResult);

$balance = $client->Wallet_Get_Currency_Balance($who + ['Currency' => 'USD'])->Wallet_Get_Currency_BalanceResult;
line('balance', $balance->Currency, two_places($balance->Amount));

$balances = $client->Wallet_Get_Balance($who)->Wallet_Get_BalanceResult->Balance;
line('balances', count($balances), $balances[0]->Currency);

$sent = $client->Send_Money($who + [
    'Receiver' => $receiver, 'Currency' => 'USD', 'Amount' => '50.00', 'Comment' => $comment,
    'IsReceiverPaysFees' => false, 'Invoice' => '',
])->Send_MoneyResult;
line('sent', two_places($sent->Amount), two_places($sent->Fees), two_places($sent->Net), $sent->Comment,
    $sent->Status, $sent->Receiver->WalletID);

$ids = [];
$page = 0;
do {
    $history = $client->Transaction_History($who + ['From' => '', 'Till' => '', 'PageSize' => 3,
        'PageNumber' => ++$page])->Transaction_HistoryResult;
    foreach ($history->Transactions->TransactionInfo as $info) {
        $ids[] = $info->ID;
    }
} while ($page < $history->PageCount);
line('history', $page, $history->TotalCount, ...$ids);

try {
    $client->Wallet_Get_Currency_Balance($who + ['Currency' => 'XXX']);
} catch (SoapFault $fault) {
    line('fault', $fault->faultstring);
}
