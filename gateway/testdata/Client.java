import java.io.FileInputStream;
import java.io.FileReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** An adapter of the national document axis, with the JDK alone: it sends a message, fetches it at the other end and says so. */
public class Client {
    static Properties conf = new Properties();
    static HttpClient http;

    /** call makes a call of the axis as the program of one node; extra are its own headers. */
    static String call(String node, String path, byte[] body, String... extra) throws Exception {
        ZonedDateTime now = ZonedDateTime.now(ZoneOffset.ofHours(7)).plusNanos((long) (Double.parseDouble(conf.getProperty("offset")) * 1e9));
        HttpRequest.Builder r = HttpRequest.newBuilder(URI.create(conf.getProperty(node + ".url") + path)).timeout(Duration.ofSeconds(30))
            .header("User-Agent", "JAVASDKAgent/1.0.0").header("systemid", conf.getProperty(node + ".user")).header("secret", conf.getProperty(node + ".secret"))
            .header("timestamp", now.format(DateTimeFormatter.ofPattern("ddMMyyyy'T'HHmmss")) + String.format("+%04d", now.getNano() / 1000000));
        for (int i = 0; i < extra.length; i += 2) {
            r.header(extra[i], extra[i + 1]);
        }
        String text = http.send(r.POST(HttpRequest.BodyPublishers.ofByteArray(body)).build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8)).body();
        if (!text.contains("\"ErrorCode\":\"0\"")) {
            throw new IllegalStateException(path + ": " + text);
        }
        return text;
    }

    static String field(String json, String name) {
        Matcher m = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
        return m.find() ? m.group(1) : "";
    }

    /** await polls a list until something stands there, and gives its id. */
    static String await(String node, String kind) throws Exception {
        for (int i = 0; i < 300; i++) {
            String id = field(call(node, "/getReceivedEdocList", new byte[0], "servicetype", "eDoc", "messagetype", kind), "docId");
            if (!id.isEmpty()) {
                return id;
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("nothing came");
    }

    static byte[] get(String node, String id) throws Exception {
        return Base64.getDecoder().decode(field(call(node, "/getEdoc", new byte[0], "docId", id), "data"));
    }

    public static void main(String[] args) throws Exception {
        try (FileReader in = new FileReader(args[0])) {
            conf.load(in);
        }
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (FileInputStream in = new FileInputStream(conf.getProperty("ca"))) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        http = HttpClient.newBuilder().sslContext(tls).version(HttpClient.Version.HTTP_1_1).build();

        byte[] message = Files.readAllBytes(Path.of(conf.getProperty("message")));
        String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(message));
        String sent = field(call("ward", "/sendEdoc", message, "from", conf.getProperty("ward.code"), "servicetype", "eDoc", "messagetype", "edoc", "hash-file", sum), "DocId");
        String came = await("district", "edoc");
        if (!Arrays.equals(get("district", came), message)) {
            throw new IllegalStateException("other bytes came than were sent");
        }
        call("district", "/updateStatus", ("{\"docId\":\"" + came + "\",\"status\":\"done\"}").getBytes(StandardCharsets.UTF_8));
        String report = new String(get("ward", await("ward", "status")), StandardCharsets.UTF_8);
        if (!report.contains("StatusCode>01<") || !call("ward", "/getSentEdocList", new byte[0], "docId", sent).contains("\"sendStatus\":\"DONE\"")) {
            throw new IllegalStateException(report);
        }
        System.out.println("ok " + sent);
    }
}
