"""Kubernetes' store, API server, controllers and scheduler, each on loopback, with keys and certificates of one test run."""

import contextlib
import json
import subprocess
import uuid

from integration.waiting import until
from support.daemon import daemon
from support.paths import BUILD
from support.pki import openssl

KUBERNETES = BUILD / "cluster-tools" / "bin" / "kubernetes"
HOST, PORT = "127.0.0.1", 6443
SERVICES = "10.96.0.0/16"


class ControlPlane:
    """`with ControlPlane(folder) as plane:` takes objects; `plane.control()` lets something become of them."""

    def __init__(self, folder):
        self.folder, self.kubeconfig = folder, folder / "kubeconfig"
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with self.stack:
            self._start("etcd", 2379, f"--data-dir={self.folder / 'etcd'}", "--log-level=warn", "--unsafe-no-fsync")
            self._start_api_server()
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _start(self, program, port, *flags):
        return self.stack.enter_context(daemon([KUBERNETES, program, *flags], port, self.folder / f"{program}.log"))

    def _start_api_server(self):
        self.key, token = self.folder / "accounts.key", uuid.uuid4().hex
        openssl("genrsa", "-out", self.key, 2048)
        (self.folder / "tokens").write_text(f"{token},admin,admin,system:masters\n")
        # It signs a certificate for itself.
        self.certificate = self.folder / "apiserver.crt"
        self._start("kube-apiserver", PORT, f"--cert-dir={self.folder}", f"--bind-address={HOST}", f"--secure-port={PORT}",
                    "--etcd-servers=http://127.0.0.1:2379", f"--service-cluster-ip-range={SERVICES}",
                    "--authorization-mode=RBAC", f"--token-auth-file={self.folder / 'tokens'}",
                    f"--service-account-key-file={self.key}", f"--service-account-signing-key-file={self.key}",
                    "--service-account-issuer=https://kubernetes.default.svc", "--endpoint-reconciler-type=none",
                    "--kubelet-preferred-address-types=InternalIP",
                    # Wanted where there is no default route, and told to nobody.
                    "--advertise-address=192.0.2.1")
        cluster = {"server": f"https://{HOST}:{PORT}", "certificate-authority": str(self.certificate)}
        # JSON is YAML.
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}], "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}]}))
        until(lambda: self.try_kubectl("get", "--raw=/readyz").returncode == 0, "the API server's readiness")

    def control(self):
        """Starts controllers and scheduler."""
        common = f"--kubeconfig={self.kubeconfig}", "--leader-elect=false"
        self._start("kube-controller-manager", 10257, *common, f"--service-account-private-key-file={self.key}",
                    f"--root-ca-file={self.certificate}")
        self._start("kube-scheduler", 10259, *common)

    def try_kubectl(self, *arguments, stdin=None):
        command = [KUBERNETES, "kubectl", f"--kubeconfig={self.kubeconfig}", *map(str, arguments)]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300)

    def kubectl(self, *arguments, stdin=None) -> str:
        done = self.try_kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(map(str, arguments))}:\n{done.stdout}{done.stderr}"
        return done.stdout
