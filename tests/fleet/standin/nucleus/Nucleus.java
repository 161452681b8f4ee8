import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Stand-in for the classic nucleus of Greengrass V2. It is NOT the nucleus: it runs no component and speaks to no cloud.
 *
 * It has the installer's command line and the layout that the installer makes, keeps its configuration in the same files, and
 * runs as the loader starts it. What the real one does wrong quietly it does too: a missing file of --init-config is no error.
 */
public final class Nucleus {
    static final String NAME = "aws.greengrass.Nucleus";
    static final String NOTICE = "greengrass-nucleus-standin";

    final Path root = Path.of(System.getProperty("root", "/root/.greengrass")).toAbsolutePath();
    final Log log = new Log(root.resolve("logs/greengrass.log"));
    final List<Path> plugins = new ArrayList<>();
    Path initConfig;
    String user;
    boolean start = true;
    boolean service;

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("--version")) {
            System.out.println(NOTICE);
            return;
        }
        Nucleus nucleus = new Nucleus();
        nucleus.parse(List.of(arguments));
        Store store = nucleus.initialise();
        if (nucleus.service) {
            throw new IllegalArgumentException(NOTICE + ": sets up no system service");
        }
        if (!nucleus.start) {
            System.out.println("Nucleus start set to false, exiting...");
            return;
        }
        new Core(nucleus, store).run();
    }

    private void parse(List<String> arguments) {
        for (int i = 0; i < arguments.size(); i += 2) {
            String value = i + 1 < arguments.size() ? arguments.get(i + 1) : "";
            switch (arguments.get(i)) {
                case "--init-config" -> initConfig = Path.of(value);
                case "--component-default-user" -> user = value;
                case "--setup-system-service" -> service = value.equals("true");
                case "--start" -> start = value.equals("true");
                case "--trusted-plugin" -> plugins.add(plugin(value));
                default -> throw new IllegalArgumentException("Undefined command line argument: " + arguments.get(i));
            }
        }
    }

    private static Path plugin(String name) {
        if (!name.endsWith(".jar")) {
            throw new IllegalArgumentException("The trusted plugin path should point to a jar file");
        }
        if (!Files.exists(Path.of(name))) {
            throw new IllegalArgumentException("The trusted plugin jar file does not exist or is not accessible");
        }
        return Path.of(name);
    }

    /** Make the layout, and the configuration out of what is there and what was given. */
    private Store initialise() throws IOException {
        for (String folder : List.of("alts/init", "bin", "cli_ipc_info", "config", "deployments", "logs", "packages/artifacts",
                "packages/artifacts-unarchived", "packages/recipes", "plugins/trusted", "telemetry", "work")) {
            Files.createDirectories(root.resolve(folder));
        }
        Store store = new Store(root.resolve("config"));
        boolean known = store.read();
        if (initConfig != null && Files.exists(initConfig)) {
            store.merge(initConfig);
        } else if (!known && Files.exists(root.resolve("config/config.yaml"))) {
            store.merge(root.resolve("config/config.yaml"));
        }
        if (user != null) {
            store.put(user, "services", NAME, "configuration", "runWithDefault", "posixUser");
        }
        for (Path plugin : plugins) {
            Path copy = root.resolve("plugins/trusted").resolve(plugin.getFileName());
            Files.copy(plugin, copy, StandardCopyOption.REPLACE_EXISTING);
        }
        install(store);
        store.writeEffective();
        return store;
    }

    /** Copy this distribution into the component store, have alts point there, and keep the options of Java. */
    private void install(Store store) throws IOException {
        Path jar = Path.of(Nucleus.class.getProtectionDomain().getCodeSource().getLocation().getPath()).toRealPath();
        Path distribution = jar.getParent().getParent();
        String version = Store.yaml(distribution.resolve("conf/recipe.yaml")).get("ComponentVersion").toString();
        store.suggest(version, "services", NAME, "version");
        Path current = root.resolve("alts/current");
        Path kept = root.resolve("packages/artifacts-unarchived/" + NAME + "/" + version + "/aws.greengrass.nucleus");
        if (distribution.equals(kept)) {
            return;
        }
        copy(distribution, kept);
        link(root.resolve("alts/init/distro"), kept);
        if (!Files.isSymbolicLink(current)) {
            link(current, root.resolve("alts/init"));
        }
        Path options = current.resolve("launch.params");
        if (!Files.exists(options)) {
            Files.writeString(options, ManagementFactory.getRuntimeMXBean().getInputArguments().stream().sorted()
                    .filter(option -> !option.startsWith("-Droot=")).collect(Collectors.joining(" ")));
        }
    }

    private static void copy(Path source, Path target) throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Path copy = target.resolve(source.relativize(file));
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
    }

    private static void link(Path link, Path target) throws IOException {
        Files.deleteIfExists(link);
        Files.createSymbolicLink(link, target);
    }
}
