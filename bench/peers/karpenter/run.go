// One provisioning round of Karpenter over one problem: the steps of its provisioner from a synchronised cluster state on,
// less the batching before and the launching after. The clock runs around NewScheduler and around Solve, apart.
package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpenterv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/events"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/options"
)

func run(ctx context.Context, asked arguments) (*report, error) {
	started := time.Now()
	p, err := readProblem(asked.problemPath, asked.seed)
	if err != nil {
		return nil, err
	}
	if asked.preferencePolicy == "" {
		asked.preferencePolicy = p.PreferencePolicy
	}
	if asked.preferencePolicy == "" {
		asked.preferencePolicy = string(options.PreferencePolicyRespect)
	}
	if asked.minValuesPolicy == "" {
		asked.minValuesPolicy = p.MinValuesPolicy
	}
	if asked.minValuesPolicy == "" {
		asked.minValuesPolicy = string(options.MinValuesPolicyStrict)
	}
	ctx = injection.WithControllerName(ctx, "provisioner")
	ctx = options.ToContext(ctx, &options.Options{
		CPURequests:       int64(asked.workers) * 1000,
		PreferencePolicy:  options.PreferencePolicy(asked.preferencePolicy),
		MinValuesPolicy:   options.MinValuesPolicy(asked.minValuesPolicy),
		IgnoreDRARequests: true,
		FeatureGates:      options.DefaultFeatureGates(),
	})
	clouds, err := newCloud(p)
	if err != nil {
		return nil, err
	}
	objects := newStore()
	if err := p.store(objects); err != nil {
		return nil, err
	}
	realClock := clock.RealClock{}
	cluster := state.NewCluster(realClock, objects, clouds)
	if err := p.fillState(ctx, cluster); err != nil {
		return nil, fmt.Errorf("fill the cluster state: %w", err)
	}
	provisioner := provisioning.NewProvisioner(
		objects, events.NewRecorder(&record.FakeRecorder{}), clouds, cluster, realClock, nil, nil)
	answer := newReport(p, asked)
	answer.ReadMs = milliseconds(time.Since(started))
	return answer, solve(ctx, asked, p.Pods, cluster, provisioner, answer)
}

func solve(ctx context.Context, asked arguments, pending []*corev1.Pod, cluster *state.Cluster,
	provisioner *provisioning.Provisioner, answer *report) error {
	pods := make([]*corev1.Pod, 0, len(pending))
	for _, pod := range pending {
		if err := provisioner.Validate(ctx, pod); err != nil {
			answer.refuse(pod, fmt.Errorf("ignoring pod, %w", err))
			continue
		}
		pods = append(pods, pod)
	}
	choices := []scheduling.Options{
		scheduling.DisableReservedCapacityFallback,
		scheduling.NumConcurrentReconciles(asked.workers),
		scheduling.MinValuesPolicy(options.MinValuesPolicy(asked.minValuesPolicy)),
	}
	if asked.preferencePolicy == string(options.PreferencePolicyIgnore) {
		choices = append(choices, scheduling.IgnorePreferences)
	}
	nodes := cluster.DeepCopyNodes().Active()
	started := time.Now()
	scheduler, err := provisioner.NewScheduler(ctx, pods, nodes, sets.New[types.UID](), choices...)
	answer.SetupMs = milliseconds(time.Since(started))
	if errors.Is(err, provisioning.ErrNodePoolsNotFound) {
		for _, pod := range pods {
			answer.refuse(pod, err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the scheduler: %w", err)
	}
	solveContext := ctx
	if asked.timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, asked.timeout)
		defer cancel()
		solveContext = limited
	}
	// Solve puts the pods in its own order.
	order := append([]*corev1.Pod{}, pods...)
	started = time.Now()
	results, err := scheduler.Solve(solveContext, order)
	answer.SolveMs = milliseconds(time.Since(started))
	answer.TimedOut = errors.Is(err, context.DeadlineExceeded)
	if err != nil && !answer.TimedOut {
		return fmt.Errorf("solve: %w", err)
	}
	answer.fill(pods, results.TruncateInstanceTypes(ctx, scheduling.MaxInstanceTypes))
	return nil
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration.Microseconds()) / 1000
}

// store puts the objects of the problem into the store. Pods that wait are left out: Karpenter is handed them, and never
// counts a pod without a node.
func (p *problem) store(objects *store) error {
	var all []client.Object
	for index, pool := range p.NodePools {
		if pool.UID == "" {
			pool.UID = types.UID(fmt.Sprintf("pool-%04d", index))
		}
		pool.StatusConditions().SetTrue(karpenterv1.ConditionTypeValidationSucceeded)
		pool.StatusConditions().SetTrue(karpenterv1.ConditionTypeNodeClassReady)
		all = append(all, pool)
	}
	for _, object := range p.DaemonSets {
		all = append(all, object)
	}
	for _, object := range p.PersistentVolumeClaims {
		all = append(all, object)
	}
	for _, object := range p.PersistentVolumes {
		all = append(all, object)
	}
	for _, object := range p.StorageClasses {
		all = append(all, object)
	}
	for _, object := range p.allNamespaces() {
		all = append(all, object)
	}
	for _, node := range p.Nodes {
		all = append(all, node.asNode(), node.asCSINode())
		for _, pod := range node.Pods {
			pod.Spec.NodeName = node.Name
			if pod.Status.Phase == "" {
				pod.Status.Phase = corev1.PodRunning
			}
			all = append(all, pod)
		}
	}
	for _, object := range all {
		if err := objects.add(object); err != nil {
			return err
		}
	}
	return nil
}

// allNamespaces: those of the problem, and those its pods are in, each with the label that an API server gives it.
func (p *problem) allNamespaces() []*corev1.Namespace {
	namespaces := append([]*corev1.Namespace{}, p.Namespaces...)
	known := sets.New[string]()
	for _, namespace := range namespaces {
		known.Insert(namespace.Name)
		if namespace.Labels == nil {
			namespace.Labels = map[string]string{}
		}
		namespace.Labels[corev1.LabelMetadataName] = namespace.Name
	}
	note := func(pod *corev1.Pod) {
		if known.Has(pod.Namespace) {
			return
		}
		known.Insert(pod.Namespace)
		namespaces = append(namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: pod.Namespace, Labels: map[string]string{corev1.LabelMetadataName: pod.Namespace},
		}})
	}
	for _, pod := range p.Pods {
		note(pod)
	}
	for _, node := range p.Nodes {
		for _, pod := range node.Pods {
			note(pod)
		}
	}
	return namespaces
}

// fillState tells the cluster state of everything, as Karpenter's informers do.
func (p *problem) fillState(ctx context.Context, cluster *state.Cluster) error {
	for _, node := range p.Nodes {
		if claim := p.uninitializedClaim(node); claim != nil {
			cluster.UpdateNodeClaim(claim)
		}
		if err := cluster.UpdateNode(ctx, node.asNode()); err != nil {
			return err
		}
		for _, pod := range node.Pods {
			if err := cluster.UpdatePod(ctx, pod); err != nil {
				return err
			}
		}
	}
	for _, daemonSet := range p.DaemonSets {
		if err := cluster.UpdateDaemonSet(ctx, daemonSet); err != nil {
			return err
		}
	}
	return nil
}

// isInitialized: a node of a problem is ready unless its labels say otherwise.
func (n *node) isInitialized() bool {
	value, written := n.Labels[karpenterv1.NodeInitializedLabelKey]
	return !written || value == "true"
}

func (n *node) providerID() string { return "problem:///" + n.Name }

func (n *node) asNode() *corev1.Node {
	labels := map[string]string{}
	for key, value := range n.Labels {
		labels[key] = value
	}
	if labels[karpenterv1.NodePoolLabelKey] != "" {
		// What Karpenter itself writes on a node of a pool when it joins, and when it is ready.
		labels[karpenterv1.NodeRegisteredLabelKey] = "true"
		if n.isInitialized() {
			labels[karpenterv1.NodeInitializedLabelKey] = "true"
		}
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: labels, UID: types.UID("node-" + n.Name)},
		Spec:       corev1.NodeSpec{ProviderID: n.providerID(), Taints: n.Taints},
		Status: corev1.NodeStatus{
			Capacity:    withoutAttachLimits(n.Capacity),
			Allocatable: withoutAttachLimits(n.Allocatable),
		},
	}
}

// asCSINode holds how many volumes of each driver the node takes; a driver that is not named has no limit.
func (n *node) asCSINode() *storagev1.CSINode {
	drivers := []storagev1.CSINodeDriver{}
	for name, quantity := range n.Allocatable {
		if driver, found := strings.CutPrefix(string(name), attachLimitPrefix); found {
			count := int32(quantity.Value())
			drivers = append(drivers, storagev1.CSINodeDriver{
				Name: driver, NodeID: n.Name, Allocatable: &storagev1.VolumeNodeResources{Count: &count},
			})
		}
	}
	return &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: n.Name}, Spec: storagev1.CSINodeSpec{Drivers: drivers}}
}

// uninitializedClaim: a node of a pool that is not ready yet is known by its NodeClaim, whose startup taints go away.
func (p *problem) uninitializedClaim(n node) *karpenterv1.NodeClaim {
	if n.isInitialized() {
		return nil
	}
	for _, pool := range p.NodePools {
		if pool.Name != n.Labels[karpenterv1.NodePoolLabelKey] {
			continue
		}
		claim := &karpenterv1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.asNode().Labels}}
		claim.Spec.Taints = pool.Spec.Template.Spec.Taints
		claim.Spec.StartupTaints = pool.Spec.Template.Spec.StartupTaints
		claim.Spec.NodeClassRef = pool.Spec.Template.Spec.NodeClassRef
		claim.Status.ProviderID = n.providerID()
		claim.Status.Capacity = withoutAttachLimits(n.Capacity)
		claim.Status.Allocatable = withoutAttachLimits(n.Allocatable)
		return claim
	}
	return nil
}
