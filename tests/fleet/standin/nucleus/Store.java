import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.Yaml;

/** The configuration: config.tlog, a change a line, and effectiveConfig.yaml, a copy of the moment. */
final class Store {
    private final Path log;
    private final Path effective;
    private final Map<String, Object> tree = new LinkedHashMap<>();

    Store(Path folder) {
        log = folder.resolve("config.tlog");
        effective = folder.resolve("effectiveConfig.yaml");
    }

    static Map<String, Object> yaml(Path path) throws IOException {
        try (BufferedReader reader = Files.newBufferedReader(path)) {
            return new Yaml().load(reader);
        }
    }

    /** Read what an earlier run has kept; tell whether there was something. JSON is YAML. */
    boolean read() throws IOException {
        if (!Files.exists(log) || Files.size(log) == 0) {
            return false;
        }
        for (String line : Files.readAllLines(log)) {
            Map<String, Object> change = new Yaml().load(line);
            set((List<?>) change.get("TP"), change.get("V"));
        }
        return true;
    }

    void merge(Path path) throws IOException {
        merge(yaml(path), new ArrayList<>());
    }

    private void merge(Map<?, ?> values, List<String> path) throws IOException {
        for (Map.Entry<?, ?> entry : values.entrySet()) {
            List<String> inner = new ArrayList<>(path);
            inner.add(entry.getKey().toString());
            if (entry.getValue() instanceof Map<?, ?> map) {
                merge(map, inner);
            } else {
                put(entry.getValue(), inner.toArray(String[]::new));
            }
        }
    }

    void put(Object value, String... path) throws IOException {
        set(List.of(path), value);
        String line = "{\"TS\":" + System.currentTimeMillis() + ",\"TP\":" + json(List.of(path))
                + ",\"W\":\"changed\",\"V\":" + json(value) + "}\n";
        Files.writeString(log, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /** Set a value that nobody has set. */
    void suggest(Object value, String... path) throws IOException {
        if (get(path) == null) {
            put(value, path);
        }
    }

    Object get(String... path) {
        Object node = tree;
        for (String name : path) {
            node = node instanceof Map<?, ?> map ? map.get(name) : null;
        }
        return node;
    }

    String text(String... path) {
        Object value = get(path);
        return value == null ? "" : value.toString();
    }

    private void set(List<?> path, Object value) {
        Map<String, Object> node = tree;
        for (Object name : path.subList(0, path.size() - 1)) {
            @SuppressWarnings("unchecked")
            Map<String, Object> inner = (Map<String, Object>) node.computeIfAbsent(
                    name.toString(), missing -> new LinkedHashMap<String, Object>());
            node = inner;
        }
        node.put(path.get(path.size() - 1).toString(), value);
    }

    void writeEffective() throws IOException {
        Files.writeString(effective, new Yaml().dump(tree));
    }

    private static String json(Object value) {
        if (value instanceof List<?> list) {
            return "[" + String.join(",", list.stream().map(Store::json).toList()) + "]";
        }
        if (value == null || value instanceof Number || value instanceof Boolean) {
            return String.valueOf(value);
        }
        return "\"" + value.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
    }
}
