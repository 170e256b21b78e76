package main

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	fwk "k8s.io/kube-scheduler/framework"
)

const (
	// pinName is the plugin's name in a KubeSchedulerConfiguration. Without an entry there it does nothing.
	pinName = "DovetailPin"
	// pinAnnotation names the node on which a pod may pass, or several nodes, separated by commas.
	pinAnnotation = "dovetail.test/node"
)

// pin refuses every node but those that the pod's annotation names. It reads nothing else and changes nothing, so all
// other filters judge the pod as it is: its selectors, affinity and tolerations stay untouched, and with them whatever is
// counted by them (a topology spread that honours node affinity would see one node only if the pin were node affinity).
// A pod without the annotation passes everywhere.
type pin struct{}

var _ fwk.FilterPlugin = pin{}

func newPin(context.Context, runtime.Object, fwk.Handle) (fwk.Plugin, error) {
	return pin{}, nil
}

// Name is the name the plugin is registered and reported by.
func (pin) Name() string { return pinName }

// Filter passes the pod on the nodes it is pinned to.
func (pin) Filter(_ context.Context, _ fwk.CycleState, pod *corev1.Pod, node fwk.NodeInfo) *fwk.Status {
	names, pinned := pod.Annotations[pinAnnotation]
	if !pinned {
		return nil
	}
	for name := range strings.SplitSeq(names, ",") {
		if name == node.Node().Name {
			return nil
		}
	}
	return fwk.NewStatus(fwk.UnschedulableAndUnresolvable, "node(s) other than those the pod is pinned to")
}
