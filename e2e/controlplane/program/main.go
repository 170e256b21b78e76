// Command controlplane is a whole Kubernetes control plane in one binary: etcd, kube-apiserver, kube-scheduler,
// kube-controller-manager and kubectl, linked from their Go modules. It adds one thing of its own, the scheduler plugin in
// pin.go. It starts nothing by itself: the caller chooses the program by the name the binary is called by, or by the first
// argument, so a folder of symbolic links to it has the shape that KUBEBUILDER_ASSETS expects.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// programs are the linked programs by name. Each takes os.Args as if it were alone in its binary.
var programs = map[string]func() int{
	"etcd": func() int {
		etcdmain.Main(os.Args)
		return 0
	},
	"kube-apiserver":          func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) },
	"kube-scheduler": func() int {
		return cli.Run(scheduler.NewSchedulerCommand(scheduler.WithPlugin(pinName, newPin)))
	},
	"kubectl": func() int { return cli.Run(kubectl.NewDefaultKubectlCommand()) },
}

func main() {
	name := filepath.Base(os.Args[0])
	if _, ok := programs[name]; !ok && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	run, ok := programs[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "start a program: %q is none of etcd, kube-apiserver, kube-scheduler, kube-controller-manager, kubectl\n", name)
		os.Exit(2)
	}
	os.Exit(run())
}
