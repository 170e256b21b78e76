// The cloud of a problem: exactly its instance types, at its prices. Karpenter asks it what there is and of which kind a
// node class may be; it is never asked to launch anything.
package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/awslabs/operatorpkg/status"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	karpenterv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/scheduling"
)

// attachLimitPrefix starts the resource names by which the format writes how many volumes of a CSI driver fit.
const attachLimitPrefix = "attachable-volumes-"

// nodeClassKind is used where a pool names none.
var nodeClassKind = karpenterv1.NodeClassReference{Group: "karpenter.k8s.aws", Kind: "EC2NodeClass", Name: "default"}

type cloud struct {
	instanceTypes []*cloudprovider.InstanceType
	nodeClasses   []status.Object
}

var _ cloudprovider.CloudProvider = (*cloud)(nil)

var errNothingLaunches = errors.New("nothing is launched here")

// newCloud builds the types and completes the pools' references to a node class. It makes every label key of the types
// well-known to Karpenter, for this process.
func newCloud(p *problem) (*cloud, error) {
	keys := sets.New[string]()
	for _, it := range p.InstanceTypes {
		for key := range it.Labels {
			keys.Insert(key)
		}
	}
	karpenterv1.WellKnownLabels.Insert(sets.List(keys)...)
	built := &cloud{}
	for index, it := range p.InstanceTypes {
		ready, err := newInstanceType(it)
		if err != nil {
			return nil, fmt.Errorf("instanceTypes[%d] (%s): %w", index, it.Name, err)
		}
		built.instanceTypes = append(built.instanceTypes, ready)
	}
	kinds := sets.New[schema.GroupKind]()
	for _, pool := range p.NodePools {
		if pool.Spec.Template.Spec.NodeClassRef == nil {
			reference := nodeClassKind
			pool.Spec.Template.Spec.NodeClassRef = &reference
		}
		kind := pool.Spec.Template.Spec.NodeClassRef.GroupKind()
		if !kinds.Has(kind) {
			kinds.Insert(kind)
			built.nodeClasses = append(built.nodeClasses, newNodeClass(kind))
		}
	}
	return built, nil
}

// newInstanceType: each well-known label is a condition on the type, those it lacks too. Zones and capacity types are
// those of all its offerings, sold out or not, as the AWS provider writes them.
func newInstanceType(it instanceType) (*cloudprovider.InstanceType, error) {
	requirements := scheduling.NewRequirements()
	for key := range karpenterv1.WellKnownLabels {
		requirements.Add(scheduling.NewRequirement(key, corev1.NodeSelectorOpDoesNotExist))
	}
	set := func(key string, values ...string) {
		requirement := scheduling.NewRequirement(key, corev1.NodeSelectorOpIn, values...)
		requirements[requirement.Key] = requirement
	}
	set(corev1.LabelInstanceTypeStable, it.Name)
	for key, value := range it.Labels {
		set(key, value)
	}
	// A type is of any pool: which one is the pool's own condition.
	delete(requirements, karpenterv1.NodePoolLabelKey)
	zones, capacityTypes := sets.New[string](), sets.New[string]()
	offerings := cloudprovider.Offerings{}
	for index, o := range it.Offerings {
		if o.CapacityType != karpenterv1.CapacityTypeOnDemand && o.CapacityType != karpenterv1.CapacityTypeSpot {
			return nil, fmt.Errorf("offerings[%d].capacityType is %q: the format says how many instances are reserved nowhere, "+
				"so on-demand and spot only can be given to Karpenter", index, o.CapacityType)
		}
		zones.Insert(o.Zone)
		capacityTypes.Insert(o.CapacityType)
		offerings = append(offerings, &cloudprovider.Offering{
			Requirements: scheduling.NewLabelRequirements(map[string]string{
				corev1.LabelTopologyZone:         o.Zone,
				karpenterv1.CapacityTypeLabelKey: o.CapacityType,
			}),
			Price:     o.Price,
			Available: o.Available == nil || *o.Available,
		})
	}
	set(corev1.LabelTopologyZone, sets.List(zones)...)
	set(karpenterv1.CapacityTypeLabelKey, sets.List(capacityTypes)...)
	return &cloudprovider.InstanceType{
		Name:         it.Name,
		Requirements: requirements,
		Offerings:    offerings,
		Capacity:     withoutAttachLimits(it.Capacity),
		Overhead:     &cloudprovider.InstanceTypeOverhead{KubeReserved: it.Overhead},
	}, nil
}

func withoutAttachLimits(resources corev1.ResourceList) corev1.ResourceList {
	kept := corev1.ResourceList{}
	for name, quantity := range resources {
		if !strings.HasPrefix(string(name), attachLimitPrefix) {
			kept[name] = quantity
		}
	}
	return kept
}

// nodeClass stands for any kind of node class: Karpenter compares the kind and reads nothing else while it schedules.
type nodeClass struct {
	unstructured.Unstructured
}

func newNodeClass(kind schema.GroupKind) status.Object {
	class := &nodeClass{Unstructured: unstructured.Unstructured{Object: map[string]any{}}}
	class.SetGroupVersionKind(kind.WithVersion("v1"))
	return class
}

func (c *nodeClass) GetConditions() []status.Condition { return nil }
func (c *nodeClass) SetConditions([]status.Condition)  {}
func (c *nodeClass) StatusConditions(opts ...status.ForOption) status.ConditionSet {
	return status.NewReadyConditions().For(c, opts...)
}

func (c *cloud) GetInstanceTypes(context.Context, *karpenterv1.NodePool) ([]*cloudprovider.InstanceType, error) {
	return c.instanceTypes, nil
}
func (c *cloud) Create(context.Context, *karpenterv1.NodeClaim) (*karpenterv1.NodeClaim, error) {
	return nil, errNothingLaunches
}
func (c *cloud) Delete(context.Context, *karpenterv1.NodeClaim) error { return errNothingLaunches }
func (c *cloud) Get(context.Context, string) (*karpenterv1.NodeClaim, error) {
	return nil, errNothingLaunches
}
func (c *cloud) List(context.Context) ([]*karpenterv1.NodeClaim, error) { return nil, nil }
func (c *cloud) IsDrifted(context.Context, *karpenterv1.NodeClaim) (cloudprovider.DriftReason, error) {
	return "", nil
}
func (c *cloud) RepairPolicies() []cloudprovider.RepairPolicy { return nil }
func (c *cloud) Name() string                                 { return "problem" }
func (c *cloud) GetSupportedNodeClasses() []status.Object     { return c.nodeClasses }
