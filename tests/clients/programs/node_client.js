// Node's `soap`. Arguments: address of the WSDL, wallet, API password, receiver, comment.
const crypto = require('crypto');
const soap = require('soap');

const [wsdl, wallet, password, receiver, comment] = process.argv.slice(2);
const hour = new Date().toISOString().slice(0, 13).replace(/-/g, '').replace('T', ':');
const who = {
  WalletID: wallet,
  SecurityToken: crypto.createHash('sha256').update(`${password}:${hour}`).digest('hex'),
};
const line = (...values) => console.log(values.join('\t'));
const twoPlaces = (amount) => Number(amount).toFixed(2);

async function main() {
  const client = await soap.createClientAsync(wsdl);
  const call = async (operation, parameters) => (await client[`${operation}Async`](parameters))[0][`${operation}Result`];

  line('date', await call('Get_Date_Time', {}));

  const balance = await call('Wallet_Get_Currency_Balance', { ...who, Currency: 'USD' });
  line('balance', balance.Currency, twoPlaces(balance.Amount));

  const balances = (await call('Wallet_Get_Balance', who)).Balance;
  line('balances', balances.length, balances[0].Currency);

  const sent = await call('Send_Money', {
    ...who, Receiver: receiver, Currency: 'USD', Amount: '50.00', Comment: comment, IsReceiverPaysFees: false, Invoice: '',
  });
  line('sent', twoPlaces(sent.Amount), twoPlaces(sent.Fees), twoPlaces(sent.Net), sent.Comment, sent.Status,
    sent.Receiver.WalletID);

  const ids = [];
  let page = 0;
  let history;
  do {
    page += 1;
    history = await call('Transaction_History', { ...who, From: '', Till: '', PageSize: 3, PageNumber: page });
    ids.push(...history.Transactions.TransactionInfo.map((info) => info.ID));
  } while (page < history.PageCount);
  line('history', page, history.TotalCount, ...ids);

  try {
    await call('Wallet_Get_Currency_Balance', { ...who, Currency: 'XXX' });
  } catch (error) {
    line('fault', error.root.Envelope.Body.Fault.faultstring);
  }
}

main().catch((error) => { console.error(error); process.exit(1); });
