import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the loader starts: listens at ipc.socket, gets a certificate with a claim, and tells states in its log. */
final class Core {
    private static final String CLAIM = "aws.greengrass.FleetProvisioningByClaim";
    private static final String PKCS11 = "aws.greengrass.crypto.Pkcs11Provider";
    private static final List<String> IDENTITY = List.of("thingName", "certificateFilePath", "privateKeyPath", "rootCaPath");

    private final Nucleus nucleus;
    private final Store store;

    Core(Nucleus nucleus, Store store) {
        this.nucleus = nucleus;
        this.store = store;
    }

    void run() throws IOException, InterruptedException {
        nucleus.log.write("INFO", "system-start. Launch Nucleus. {rootPath=" + nucleus.root + "}");
        Path socket = nucleus.root.resolve("ipc.socket");
        Files.deleteIfExists(socket);
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            // As the real one: written before the claim has been used, and not after.
            store.writeEffective();
            Runtime.getRuntime().addShutdownHook(new Thread(this::end));
            states();
            if (hasPlugin(CLAIM) && IDENTITY.stream().anyMatch(name -> store.text("system", name).isEmpty())) {
                provision();
            }
            while (true) {
                server.accept().close();
            }
        }
    }

    private void states() throws IOException {
        if (hasPlugin(PKCS11)) {
            boolean usable = Files.isReadable(Path.of(store.text("services", PKCS11, "configuration", "library")));
            nucleus.log.state(PKCS11, "STARTING", usable ? "RUNNING" : "ERRORED");
        }
        nucleus.log.state(Nucleus.NAME, "INSTALLED", "STARTING");
        nucleus.log.state(Nucleus.NAME, "STARTING", "FINISHED");
    }

    private boolean hasPlugin(String name) {
        return Files.exists(nucleus.root.resolve("plugins/trusted/" + name + ".jar"));
    }

    /** Make a key and a certificate, neither of them real, and say so in the configuration. */
    private void provision() throws IOException {
        for (String name : List.of("claimCertificatePath", "claimCertificatePrivateKeyPath", "rootCaPath")) {
            if (!Files.isReadable(Path.of(claim(name)))) {
                nucleus.log.write("ERROR", "Caught exception while running provisioning plugin. {" + name + "=missing}");
                return;
            }
        }
        store.put(write("thingCert.crt"), "system", "certificateFilePath");
        store.put(write("privKey.key"), "system", "privateKeyPath");
        store.put(claim("rootCaPath"), "system", "rootCaPath");
        store.put("thing-of-" + store.text("services", CLAIM, "configuration", "templateParameters", "SerialNumber"),
                "system", "thingName");
        store.put(claim("awsRegion"), "services", Nucleus.NAME, "configuration", "awsRegion");
        store.put(claim("iotRoleAlias"), "services", Nucleus.NAME, "configuration", "iotRoleAlias");
        store.put(claim("iotDataEndpoint"), "services", Nucleus.NAME, "configuration", "iotDataEndpoint");
        store.put(claim("iotCredentialEndpoint"), "services", Nucleus.NAME, "configuration", "iotCredEndpoint");
        nucleus.log.write("INFO", "Updated provisioning configuration. {PluginName=" + CLAIM + "}");
    }

    private String claim(String name) {
        return store.text("services", CLAIM, "configuration", name);
    }

    private String write(String name) throws IOException {
        Path path = nucleus.root.resolve(name);
        Files.writeString(path, Nucleus.NOTICE + "\n");
        return path.toString();
    }

    private void end() {
        try {
            nucleus.log.state(Nucleus.NAME, "FINISHED", "STOPPING");
            store.writeEffective();
        } catch (IOException error) {
            error.printStackTrace();
        }
    }
}
