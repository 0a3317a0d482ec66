using System;
using System.Collections.Generic;
using System.Globalization;
using System.Security.Cryptography;
using System.ServiceModel;
using System.Text;

// .NET's WCF in Mono, with a proxy that its svcutil makes (Microsoft's names the class otherwise). Arguments: address, wallet, API password, receiver, comment.
public static class WcfClient
{
    public static int Main(string[] arguments)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        string wallet = arguments[1], token = Token(arguments[2]), receiver = arguments[3], comment = arguments[4];
        var api = new _OkPayAPIClient(new BasicHttpBinding(), new EndpointAddress(arguments[0]));

        Line("date", api.Get_Date_Time());

        var balance = api.Wallet_Get_Currency_Balance(wallet, token, "USD");
        Line("balance", balance.Currency, TwoPlaces(balance.Amount));

        var balances = api.Wallet_Get_Balance(wallet, token);
        Line("balances", balances.Length.ToString(), balances[0].Currency);

        var sent = api.Send_Money(wallet, token, receiver, "USD", 50.00m, comment, false, "");
        Line("sent", TwoPlaces(sent.Amount), TwoPlaces(sent.Fees), TwoPlaces(sent.Net), sent.Comment,
            sent.Status.ToString(), sent.Receiver.WalletID);

        var ids = new List<string>();
        int page = 0, pages, total;
        do
        {
            var history = api.Transaction_History(wallet, token, "", "", 3, ++page);
            pages = history.PageCount;
            total = history.TotalCount;
            foreach (var info in history.Transactions)
                ids.Add(info.ID.ToString());
        } while (page < pages);
        Line("history", page.ToString(), total.ToString(), string.Join("\t", ids));

        try
        {
            api.Wallet_Get_Currency_Balance(wallet, token, "XXX");
        }
        catch (FaultException fault)
        {
            Line("fault", fault.Message);
        }
        return 0;
    }

    static string Token(string password)
    {
        var text = password + DateTime.UtcNow.ToString(":yyyyMMdd:HH", CultureInfo.InvariantCulture);
        using (var sha256 = SHA256.Create())
            return BitConverter.ToString(sha256.ComputeHash(Encoding.UTF8.GetBytes(text))).Replace("-", "");
    }

    static string TwoPlaces(decimal amount)
    {
        return amount.ToString("F2", CultureInfo.InvariantCulture);
    }

    static void Line(params string[] values)
    {
        Console.WriteLine(string.Join("\t", values));
    }
}
