// What is printed: Karpenter's answer as it stands, with nothing chosen or priced here.
package main

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	karpenterv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/utils/resources"
)

// longestError: the text of one pod's error is cut here; it can repeat itself for every pool.
const longestError = 2000

// report is the answer. Times are milliseconds; pods are written namespace/name.
type report struct {
	Karpenter        string `json:"karpenter"`
	Go               string `json:"go"`
	Problem          string `json:"problem"`
	Workers          int    `json:"workers"`
	PreferencePolicy string `json:"preferencePolicy"`
	// Seed that drew the UIDs of pods without one.
	Seed uint64 `json:"seed"`
	// ReadMs: reading the file and filling the store and the cluster state.
	ReadMs float64 `json:"readMs"`
	// SetupMs: counting topologies and making the scheduler, with daemon overhead and what nodes have left.
	SetupMs float64 `json:"setupMs"`
	// SolveMs: Scheduler.Solve alone.
	SolveMs       float64            `json:"solveMs"`
	TimedOut      bool               `json:"timedOut"`
	NodeClaims    []reportedClaim    `json:"nodeClaims"`
	ExistingNodes []reportedNode     `json:"existingNodes"`
	Unscheduled   []reportedUnplaced `json:"unscheduled"`
}

type reportedClaim struct {
	NodePool string `json:"nodePool"`
	// InstanceTypes: all that are left, cheapest first, as they would be sent for launch.
	InstanceTypes []string              `json:"instanceTypes"`
	Requirements  []reportedRequirement `json:"requirements"`
	// Labels that the node would have, with the values that Karpenter fixed for custom keys.
	Labels         map[string]string   `json:"labels"`
	DaemonOverhead corev1.ResourceList `json:"daemonOverhead"`
	Pods           []string            `json:"pods"`
}

type reportedRequirement struct {
	Key       string   `json:"key"`
	Operator  string   `json:"operator"`
	Values    []string `json:"values"`
	MinValues *int     `json:"minValues,omitempty"`
}

type reportedNode struct {
	Name string   `json:"name"`
	Pods []string `json:"pods"`
}

type reportedUnplaced struct {
	Pod   string `json:"pod"`
	Error string `json:"error"`
}

func newReport(p *problem, asked arguments) *report {
	return &report{
		Karpenter:        karpenterVersion(),
		Go:               runtime.Version(),
		Problem:          p.Name,
		Workers:          asked.workers,
		PreferencePolicy: asked.preferencePolicy,
		Seed:             asked.seed,
		NodeClaims:       []reportedClaim{},
		ExistingNodes:    []reportedNode{},
		Unscheduled:      []reportedUnplaced{},
	}
}

func karpenterVersion() string {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, module := range info.Deps {
			if module.Path == "sigs.k8s.io/karpenter" {
				return module.Version
			}
		}
	}
	return "unknown"
}

func (r *report) refuse(pod *corev1.Pod, err error) {
	r.refuseFor(pod, err.Error())
}

func (r *report) refuseFor(pod *corev1.Pod, text string) {
	if len(text) > longestError {
		text = strings.ToValidUTF8(text[:longestError], "") + "..."
	}
	r.Unscheduled = append(r.Unscheduled, reportedUnplaced{Pod: podName(pod), Error: text})
}

// fill: every pod of pods is in the report once, on a claim, on a node, or with a reason.
func (r *report) fill(pods []*corev1.Pod, results scheduling.Results) {
	seen := map[string]bool{}
	names := func(placed []*corev1.Pod) []string {
		list := make([]string, 0, len(placed))
		for _, pod := range placed {
			seen[podName(pod)] = true
			list = append(list, podName(pod))
		}
		return list
	}
	for _, claim := range results.NewNodeClaims {
		r.NodeClaims = append(r.NodeClaims, reportClaim(claim, names(claim.Pods)))
	}
	for _, existing := range results.ExistingNodes {
		if len(existing.Pods) > 0 {
			r.ExistingNodes = append(r.ExistingNodes, reportedNode{Name: existing.Name(), Pods: names(existing.Pods)})
		}
	}
	errorTexts := map[string]string{}
	for pod, err := range results.PodErrors {
		errorTexts[podName(pod)] = err.Error()
	}
	for _, pod := range pods {
		if seen[podName(pod)] {
			continue
		}
		text, failed := errorTexts[podName(pod)]
		if !failed {
			text = "the time limit was reached before this pod was tried"
		}
		r.refuseFor(pod, text)
	}
}

func reportClaim(claim *scheduling.NodeClaim, pods []string) reportedClaim {
	daemonOverhead := corev1.ResourceList{}
	for name, quantity := range resources.Subtract(claim.Spec.Resources.Requests, resources.RequestsForPods(claim.Pods...)) {
		if !quantity.IsZero() {
			daemonOverhead[name] = quantity
		}
	}
	types := make([]string, 0, len(claim.InstanceTypeOptions))
	for _, it := range claim.InstanceTypeOptions.OrderByPrice(claim.Requirements) {
		types = append(types, it.Name)
	}
	written := claim.ToNodeClaim()
	return reportedClaim{
		NodePool:       claim.NodePoolName,
		InstanceTypes:  types,
		Requirements:   reportRequirements(written),
		Labels:         written.Labels,
		DaemonOverhead: daemonOverhead,
		Pods:           pods,
	}
}

// reportRequirements leaves out the list of types, which stands on its own.
func reportRequirements(claim *karpenterv1.NodeClaim) []reportedRequirement {
	list := []reportedRequirement{}
	for _, requirement := range claim.Spec.Requirements {
		if requirement.Key == corev1.LabelInstanceTypeStable {
			continue
		}
		values := slices.Clone(requirement.Values)
		slices.Sort(values)
		if values == nil {
			values = []string{}
		}
		list = append(list, reportedRequirement{
			Key: requirement.Key, Operator: string(requirement.Operator), Values: values, MinValues: requirement.MinValues,
		})
	}
	slices.SortFunc(list, func(left, right reportedRequirement) int {
		return cmp.Or(cmp.Compare(left.Key, right.Key), cmp.Compare(left.Operator, right.Operator))
	})
	return list
}

func podName(pod *corev1.Pod) string { return pod.Namespace + "/" + pod.Name }
