package main

// Runs Karpenter's computation over a table of node classes. What comes out is the judge of our own formulas.

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	v1 "github.com/aws/karpenter-provider-aws/pkg/apis/v1"
	"github.com/aws/karpenter-provider-aws/pkg/operator/options"
	"github.com/aws/karpenter-provider-aws/pkg/providers/instancetype"
	"github.com/aws/karpenter-provider-aws/pkg/providers/instancetype/compatibility"
	"github.com/aws/karpenter-provider-aws/pkg/providers/placementgroup"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
)

type nodeClassCase struct {
	Name                    string              `json:"name"`
	Spec                    v1.EC2NodeClassSpec `json:"spec"`
	ReservedENIs            int                 `json:"reservedEnis"`
	VMMemoryOverheadPercent float64             `json:"vmMemoryOverheadPercent"`
	PlacementStrategy       string              `json:"placementStrategy"`
}

type expectedType struct {
	Labels     map[string][]string `json:"labels"`
	Capacity   map[string]int64    `json:"capacity"`
	Overhead   map[string]int64    `json:"overhead"`
	Compatible bool                `json:"compatible"`
}

func computeExpected(typesPath, casesPath string) (map[string]map[string]expectedType, error) {
	infos := map[string]ec2types.InstanceTypeInfo{}
	if err := readJSON(typesPath, &infos); err != nil {
		return nil, err
	}
	var cases []nodeClassCase
	if err := readJSON(casesPath, &cases); err != nil {
		return nil, err
	}
	result := map[string]map[string]expectedType{}
	for _, c := range cases {
		ctx := options.ToContext(context.Background(), &options.Options{
			VMMemoryOverheadPercent: c.VMMemoryOverheadPercent,
			ReservedENIs:            c.ReservedENIs,
		})
		nodeClass := &v1.EC2NodeClass{Spec: c.Spec}
		var group *placementgroup.PlacementGroup
		if c.PlacementStrategy != "" {
			group = &placementgroup.PlacementGroup{Strategy: placementgroup.Strategy(c.PlacementStrategy)}
		}
		resolver := instancetype.NewDefaultResolver("us-east-1")
		byType := map[string]expectedType{}
		for name, info := range infos {
			it := resolver.Resolve(ctx, info, nil, nodeClass)
			byType[name] = expectedType{
				Labels:     labelsOf(it),
				Capacity:   amountsOf(it.Capacity),
				Overhead:   amountsOf(it.Overhead.Total()),
				Compatible: compatibility.IsCompatibleWithNodeClass(info, nodeClass, group),
			}
		}
		result[c.Name] = byType
	}
	return result, nil
}

// labelsOf keeps the labels that can exist on the node, with their values in order.
func labelsOf(it *cloudprovider.InstanceType) map[string][]string {
	labels := map[string][]string{}
	for key, requirement := range it.Requirements {
		values := requirement.Values()
		if len(values) == 0 {
			continue
		}
		sort.Strings(values)
		labels[key] = values
	}
	return labels
}

// amountsOf gives cpu in thousandths of a core and everything else in its base unit; zeros are left out.
func amountsOf(list corev1.ResourceList) map[string]int64 {
	amounts := map[string]int64{}
	for name, quantity := range list {
		amount := baseAmount(name, quantity)
		if amount != 0 {
			amounts[string(name)] = amount
		}
	}
	return amounts
}

func baseAmount(name corev1.ResourceName, quantity resource.Quantity) int64 {
	if name == corev1.ResourceCPU {
		return quantity.MilliValue()
	}
	return quantity.Value()
}

func readJSON(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
