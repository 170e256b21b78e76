// What Karpenter 1.14.1 writes as user data for a table of inputs: reads the table from standard input and writes the same
// table with an answer each. Its result is committed (controller/aws-cloud/user-data/testdata) and held against our own.
//
//	go -C e2e/aws/user-data run . < controller/aws-cloud/user-data/testdata/inputs.json
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log"
	"os"

	v1 "github.com/aws/karpenter-provider-aws/pkg/apis/v1"
	"github.com/aws/karpenter-provider-aws/pkg/providers/amifamily"
	corev1 "k8s.io/api/core/v1"
)

type input struct {
	Name    string `json:"name"`
	Family  string `json:"family"`
	Cluster struct {
		Name        string  `json:"name"`
		Endpoint    string  `json:"endpoint"`
		CABundle    *string `json:"caBundle"`
		ServiceCIDR *string `json:"serviceCidr"`
	} `json:"cluster"`
	Labels  map[string]string         `json:"labels"`
	Taints  []corev1.Taint            `json:"taints"`
	Kubelet *v1.KubeletConfiguration  `json:"kubelet"`
	Custom  *string                   `json:"custom"`
	RAID0   bool                      `json:"raid0"`
	Version string                    `json:"imageVersion"`
}

type answer struct {
	Name     string `json:"name"`
	UserData string `json:"userData,omitempty"`
	Error    string `json:"error,omitempty"`
}

func main() {
	var inputs []input
	if err := json.NewDecoder(os.Stdin).Decode(&inputs); err != nil {
		log.Fatal(err)
	}
	answers := make([]answer, 0, len(inputs))
	for _, in := range inputs {
		answers = append(answers, ask(in))
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(answers); err != nil {
		log.Fatal(err)
	}
}

func ask(in input) answer {
	options := &amifamily.Options{
		ClusterName:     in.Cluster.Name,
		ClusterEndpoint: in.Cluster.Endpoint,
		ClusterCIDR:     in.Cluster.ServiceCIDR,
	}
	if in.Version != "" {
		options.AMISelectorTerms = []v1.AMISelectorTerm{{Alias: "bottlerocket@" + in.Version}}
	}
	var policy *v1.InstanceStorePolicy
	if in.RAID0 {
		raid := v1.InstanceStorePolicyRAID0
		policy = &raid
	}
	bootstrapper := amifamily.GetAMIFamily(in.Family, options).
		UserData(in.Kubelet, in.Taints, in.Labels, in.Cluster.CABundle, nil, in.Custom, policy)
	encoded, err := bootstrapper.Script(context.Background())
	if err != nil {
		return answer{Name: in.Name, Error: err.Error()}
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return answer{Name: in.Name, Error: err.Error()}
	}
	return answer{Name: in.Name, UserData: string(text)}
}
