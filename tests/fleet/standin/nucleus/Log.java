import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;

/** greengrass.log, in the text form of the real one. */
final class Log {
    private final Path path;

    Log(Path path) {
        this.path = path;
    }

    void write(String level, String message) throws IOException {
        String line = Instant.now() + " [" + level + "] (main) " + Nucleus.NOTICE + ": " + message + "\n";
        Files.createDirectories(path.getParent());
        Files.writeString(path, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    void state(String component, String from, String to) throws IOException {
        write("INFO", "service-set-state. {serviceName=" + component + ", currentState=" + from + ", newState=" + to + "}");
    }
}
