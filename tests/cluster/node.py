"""A node: containerd, kubelet, kube-proxy, and the cluster's name server. All in namespaces that run.sh has made."""

import contextlib
import json
import os
import subprocess
from pathlib import Path

from cluster.control_plane import KUBERNETES
from integration.waiting import until
from support.daemon import daemon
from support.paths import BUILD

NAME, ADDRESS, PODS = "node", "10.244.0.1", "10.244.0.0/24"
ZONE = "cluster.local"
CGROUP = "limpid-cluster"
IMAGES = BUILD / "cluster"
DEBIAN = KUBERNETES.parents[1] / "debian" / "usr"
CRI = 'plugins."io.containerd.grpc.v1.cri"'
CONTAINERD = f"""
version = 2
root = "{{folder}}/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[metrics]
  address = "127.0.0.1:1338"
[{CRI}]
  sandbox_image = "localhost/pause:test"
  restrict_oom_score_adj = true
[{CRI}.cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "{{folder}}/cni"
[{CRI}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[{CRI}.containerd.runtimes.runc.options]
  SystemdCgroup = false
"""
# What the kubelet would set for the whole machine: it finds these values there already.
SYSCTLS = {"vm/overcommit_memory": 1, "vm/panic_on_oom": 0, "kernel/panic": 10, "kernel/panic_on_oops": 1,
           "kernel/keys/root_maxkeys": 1000000, "kernel/keys/root_maxbytes": 25000000}


def run(*command):
    subprocess.run(list(map(str, command)), check=True)


class Node:
    """`with Node(plane, folder):` has pods run, and this process ask the cluster's name server, until the block ends."""

    def __init__(self, plane, folder):
        self.plane, self.folder, self.stack = plane, folder, contextlib.ExitStack()

    def __enter__(self):
        with self.stack:
            self._network()
            self._containerd()
            self._name_server()
            self._kubelet()
            self._proxy()
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _write(self, name, content) -> Path:
        """JSON unless it is text."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def _start(self, command, port):
        paths = f"PATH={DEBIAN / 'bin'}:{DEBIAN / 'sbin'}:{os.environ['PATH']}"
        log = self.folder / f"{port}.log"
        self.stack.enter_context(daemon(["env", paths, *command], port, log))

    def _bind(self, content, path):
        name = "bound-" + str(path).strip("/").replace("/", "-")
        run("mount", "--bind", self._write(name, content), path)
        self.stack.callback(run, "umount", path)

    def _network(self):
        run("ip", "link", "add", "cni0", "type", "bridge")
        run("ip", "address", "add", f"{ADDRESS}/24", "dev", "cni0")
        run("ip", "link", "set", "cni0", "up")
        ipam = {"type": "host-local", "subnet": PODS, "gateway": ADDRESS, "dataDir": str(self.folder / "addresses")}
        bridge = {"type": "bridge", "bridge": "cni0", "isDefaultGateway": True, "hairpinMode": True, "ipam": ipam}
        self._write("cni/pods.conflist", {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]})

    def _containerd(self):
        config = self._write("containerd.toml", CONTAINERD.format(folder=self.folder))
        self._start([DEBIAN / "bin" / "containerd", "--config", config], 1338)
        for image in "pause", "limpid":
            run(DEBIAN / "bin" / "ctr", "--namespace", "k8s.io", "images", "import", IMAGES / f"{image}.tar")

    def _name_server(self):
        config = self._write("Corefile", f"""{ZONE} {{
            errors
            cache 30
            kubernetes {{
                kubeconfig {self.plane.kubeconfig}
            }}
        }}""")
        self._start([KUBERNETES, "coredns", "-conf", config], 53)
        self._bind(f"nameserver {ADDRESS}\nsearch svc.{ZONE}\noptions ndots:5\n", "/etc/resolv.conf")

    def _kubelet(self):
        for name, value in SYSCTLS.items():
            self._bind(f"{value}\n", f"/proc/sys/{name}")
        for controller in Path("/sys/fs/cgroup").iterdir():
            if controller.is_dir():
                (controller / CGROUP).mkdir(exist_ok=True)
        folder = self.folder / "kubelet"
        config = self._write("kubelet.json", {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "clusterDNS": [ADDRESS], "clusterDomain": ZONE, "resolvConf": "/etc/resolv.conf",
            "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{CGROUP}", "failCgroupV1": False, "enforceNodeAllocatable": [],
            "oomScoreAdj": 0, "failSwapOn": False, "evictionHard": {"nodefs.available": "1%"},
            "volumePluginDir": str(folder / "plugins")})
        self._start([KUBERNETES, "kubelet", f"--config={config}", f"--kubeconfig={self.plane.kubeconfig}",
                     f"--root-dir={folder}", f"--cert-dir={folder / 'pki'}", f"--hostname-override={NAME}",
                     f"--node-ip={ADDRESS}"], 10248)
        wait = "wait", "--for=condition=Ready", f"node/{NAME}", "--timeout=60s"
        until(lambda: self.plane.try_kubectl(*wait).returncode == 0, "the node's readiness")

    def _proxy(self):
        self._start([KUBERNETES, "kube-proxy", f"--kubeconfig={self.plane.kubeconfig}", f"--hostname-override={NAME}",
                     f"--cluster-cidr={PODS}", "--proxy-mode=iptables", "--conntrack-max-per-core=0",
                     "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s"], 10256)
