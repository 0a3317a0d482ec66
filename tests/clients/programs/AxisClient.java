import com.okpay.api.BasicHttpBinding_I_OkPayAPIStub;
import com.okpay.api.OkPayAPIImplementationLocator;
import java.io.FileOutputStream;
import java.io.FileDescriptor;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.URL;
import java.security.MessageDigest;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.TimeZone;
import org.apache.axis.AxisFault;
import org.datacontract.schemas._2004._07.OkPayAPI.Balance;
import org.datacontract.schemas._2004._07.OkPayAPI.HistoryInfo;
import org.datacontract.schemas._2004._07.OkPayAPI.TransactionInfo;

/** Apache Axis 1.4 with stubs that WSDL2Java makes. Arguments: address, wallet, API password, receiver, comment. */
public class AxisClient {
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8");
        String wallet = arguments[1], receiver = arguments[3], comment = arguments[4];
        String token = token(arguments[2]);
        BasicHttpBinding_I_OkPayAPIStub api =
            new BasicHttpBinding_I_OkPayAPIStub(new URL(arguments[0]), new OkPayAPIImplementationLocator());

        out.println("date\t" + api.get_Date_Time());

        Balance balance = api.wallet_Get_Currency_Balance(wallet, token, "USD");
        out.println("balance\t" + balance.getCurrency() + "\t" + twoPlaces(balance.getAmount()));

        Balance[] balances = api.wallet_Get_Balance(wallet, token);
        out.println("balances\t" + balances.length + "\t" + balances[0].getCurrency());

        TransactionInfo sent =
            api.send_Money(wallet, token, receiver, "USD", new BigDecimal("50.00"), comment, false, "");
        out.println("sent\t" + twoPlaces(sent.getAmount()) + "\t" + twoPlaces(sent.getFees()) + "\t"
            + twoPlaces(sent.getNet()) + "\t" + sent.getComment() + "\t" + sent.getStatus() + "\t"
            + sent.getReceiver().getWalletID());

        StringBuilder ids = new StringBuilder();
        HistoryInfo history;
        int page = 0;
        do {
            history = api.transaction_History(wallet, token, "", "", 3, ++page);
            for (TransactionInfo info : history.getTransactions()) {
                ids.append("\t").append(info.getID());
            }
        } while (page < history.getPageCount());
        out.println("history\t" + page + "\t" + history.getTotalCount() + ids);

        try {
            api.wallet_Get_Currency_Balance(wallet, token, "XXX");
        } catch (AxisFault fault) {
            out.println("fault\t" + fault.getFaultString());
        }
    }

    private static String token(String password) throws Exception {
        SimpleDateFormat hour = new SimpleDateFormat(":yyyyMMdd:HH");
        hour.setTimeZone(TimeZone.getTimeZone("UTC"));
        byte[] hashed = MessageDigest.getInstance("SHA-256").digest((password + hour.format(new Date())).getBytes("UTF-8"));
        StringBuilder token = new StringBuilder();
        for (byte each : hashed) {
            token.append(String.format("%02X", each));
        }
        return token.toString();
    }

    private static String twoPlaces(BigDecimal amount) {
        return amount.setScale(2, RoundingMode.UNNECESSARY).toPlainString();
    }
}
