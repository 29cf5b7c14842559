import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/**
 * Verify asks veraPDF about many files in one virtual machine, since its start
 * costs more than a file does. Each line of the file that is its argument has a flavour
 * (1b, 2u, ua1 …), a tab and a path. For each it prints one line: the flavour, the path and
 * "conforms", "error" with a message, or "fails" with, for each rule that failed,
 * its clause, its number and how often; all of them separated by tabs.
 */
public class Verify {
    /** So many failed checks of one rule are told apart; counts go on. */
    private static final int DISPLAYED = 3;

    public static void main(String[] args) throws Exception {
        Logger.getLogger("").setLevel(Level.OFF);
        VeraGreenfieldFoundryProvider.initialise();
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            String[] parts = line.split("\t", 2);
            System.out.println(line + "\t" + verify(PDFAFlavour.byFlavourId(parts[0]), new File(parts[1])));
        }
    }

    private static String verify(PDFAFlavour flavour, File file) {
        try (PDFAParser parser = Foundries.defaultInstance().createParser(file, flavour);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, DISPLAYED, false, true, false)) {
            ValidationResult result = validator.validate(parser);
            if (result.isCompliant()) {
                return "conforms";
            }
            Map<String, String> failed = new TreeMap<>();
            result.getFailedChecks().forEach((rule, times) ->
                failed.put(rule.getClause() + "-" + rule.getTestNumber(), " (" + times + ")"));
            for (TestAssertion a : result.getTestAssertions()) {
                failed.computeIfPresent(a.getRuleId().getClause() + "-" + a.getRuleId().getTestNumber(),
                    (rule, text) -> text.length() > 2000 ? text : text + " " + clean(a.getErrorMessage()) + " at " + clean(a.getLocation().getContext()));
            }
            StringBuilder out = new StringBuilder("fails");
            failed.forEach((rule, text) -> out.append('\t').append(rule).append(text));
            return out.toString();
        } catch (Exception | Error e) {
            return "error\t" + clean(e.toString());
        }
    }

    private static String clean(String s) {
        return s == null ? "" : s.replaceAll("\\s+", " ");
    }
}
