package main

// The tables of the module as plain data. Prices keep the decimal text that Go prints, so that no rounding happens
// before the catalogue turns them into integers.

import (
	"strconv"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/aws/karpenter-provider-aws/pkg/providers/instancetype"
	"github.com/aws/karpenter-provider-aws/pkg/providers/pricing"
)

type vpcLimits struct {
	BranchInterfaceCount int `json:"branchInterfaceCount"`
	Ipv4PerInterface     int `json:"ipv4PerInterface"`
}

type facts struct {
	OnDemandPrices map[string]map[string]string `json:"onDemandPrices"`
	BandwidthMbps  map[string]int64             `json:"bandwidthMbps"`
	VpcLimits      map[string]vpcLimits         `json:"vpcLimits"`
}

func readFacts() facts {
	result := facts{
		OnDemandPrices: map[string]map[string]string{},
		BandwidthMbps:  instancetype.InstanceTypeBandwidthMegabits,
		VpcLimits:      map[string]vpcLimits{},
	}
	for _, table := range []map[string]map[ec2types.InstanceType]float64{
		pricing.InitialOnDemandPricesAWS,
		pricing.InitialOnDemandPricesUSGov,
		pricing.InitialOnDemandPricesCN,
	} {
		for region, prices := range table {
			byType := map[string]string{}
			for name, price := range prices {
				byType[string(name)] = strconv.FormatFloat(price, 'f', -1, 64)
			}
			result.OnDemandPrices[region] = byType
		}
	}
	for name, limits := range instancetype.Limits {
		entry := vpcLimits{Ipv4PerInterface: limits.IPv4PerInterface}
		if limits.IsTrunkingCompatible {
			entry.BranchInterfaceCount = limits.BranchInterface
		}
		result.VpcLimits[name] = entry
	}
	return result
}
