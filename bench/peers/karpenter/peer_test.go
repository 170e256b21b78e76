// Small problems whose answer from Karpenter is known: each shows that one part of a problem reaches its scheduler.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// problemText is a problem with one pool and two types; parts replaces or adds top-level fields.
func problemText(parts string) string {
	return `{"name": "test", ` + parts + `,
		"nodePools": [{"metadata": {"name": "default"}, "spec": {"template": {"spec": {
			"requirements": [], "startupTaints": [{"key": "starting", "effect": "NoSchedule"}]}}}}],
		"instanceTypes": [` + typeText("small", "2") + `, ` + typeText("large", "8") + `]}`
}

func typeText(name, cores string) string {
	return `{"name": "` + name + `", "labels": {"example.com/size": "` + name + `"},
		"capacity": {"cpu": "` + cores + `", "memory": "16Gi", "pods": "10"}, "overhead": {"cpu": "100m"},
		"offerings": [{"zone": "z1", "capacityType": "on-demand", "price": ` + cores + `, "available": true},
			{"zone": "z2", "capacityType": "spot", "price": 1}]}`
}

func podText(name, cpu, spec string) string {
	return `{"metadata": {"name": "` + name + `", "labels": {"app": "a", "version": "1"}}, "spec": {` + spec +
		`"containers": [{"name": "c", "resources": {"requests": {"cpu": "` + cpu + `"}}}]}}`
}

func nodeText(labels, taints, pods string) string {
	return `{"name": "node", "labels": {"karpenter.sh/nodepool": "default", "node.kubernetes.io/instance-type": "large",
			"topology.kubernetes.io/zone": "z1"` + labels + `}, "taints": [` + taints + `],
		"capacity": {"cpu": "8", "memory": "16Gi", "pods": "10"},
		"allocatable": {"cpu": "8", "memory": "16Gi", "pods": "10", "attachable-volumes-csi.example.com": "1"},
		"pods": [` + pods + `]}`
}

func solveText(t *testing.T, text string, change func(*arguments)) *report {
	t.Helper()
	path := filepath.Join(t.TempDir(), "problem.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := arguments{problemPath: path, workers: 1, minValuesPolicy: "Strict", seed: 1}
	if change != nil {
		change(&asked)
	}
	answer, err := run(context.Background(), asked)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// placed writes an answer in one line: claims by their first type, nodes by name, pods left out.
func placed(answer *report) string {
	var parts []string
	for _, claim := range answer.NodeClaims {
		parts = append(parts, "new "+claim.InstanceTypes[0]+": "+strings.Join(claim.Pods, " "))
	}
	for _, node := range answer.ExistingNodes {
		parts = append(parts, node.Name+": "+strings.Join(node.Pods, " "))
	}
	for _, out := range answer.Unscheduled {
		parts = append(parts, "out: "+out.Pod)
	}
	return strings.Join(parts, "; ")
}

func TestPlacement(t *testing.T) {
	claim := `"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "claim"}}], `
	runningClaim := `"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "running"}}], `
	storage := `"storageClasses": [{"metadata": {"name": "default-class",
			"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
			"provisioner": "csi.example.com", "volumeBindingMode": "WaitForFirstConsumer",
			"allowedTopologies": [{"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ["z1"]}]}]}]`
	cases := []struct{ name, parts, want string }{
		{
			"overhead leaves no room for a pod as large as the type",
			`"pods": [` + podText("p", "2", "") + `]`,
			"new large: default/p",
		}, {
			"a label of a type is well-known, so that a pod may ask for it",
			`"pods": [` + podText("p", "1", `"nodeSelector": {"example.com/size": "large"}, `) + `]`,
			"new large: default/p",
		}, {
			"a limit without a request is a request",
			`"pods": [{"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "4"}}}]}}]`,
			"new large: default/p",
		}, {
			"room on a node that exists is used, less what runs there",
			`"nodes": [` + nodeText("", "", podText("r", "5", "")) + `],
			 "pods": [` + podText("p", "3", "") + `, ` + podText("q", "1", "") + `]`,
			"new small: default/q; node: default/p",
		}, {
			"a daemonset takes its share of new nodes and of nodes that exist",
			`"daemonSets": [{"metadata": {"name": "d"}, "spec": {"template": {"spec": {
				"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}}}}],
			 "nodes": [` + nodeText("", "", podText("r", "5", "")) + `], "pods": [` + podText("p", "3", "") + `]`,
			"new large: default/p",
		}, {
			"a node that is ready keeps pods out by its taints",
			`"nodes": [` + nodeText("", `{"key": "starting", "effect": "NoSchedule"}`, "") + `],
			 "pods": [` + podText("p", "1", "") + `]`,
			"new small: default/p",
		}, {
			"a node that is not ready yet will lose its startup taints",
			`"nodes": [` + nodeText(`, "karpenter.sh/initialized": "false"`, `{"key": "starting", "effect": "NoSchedule"}`, "") + `],
			 "pods": [` + podText("p", "1", "") + `]`,
			"node: default/p",
		}, {
			"a claim without a class gets the default one, and its zones",
			storage + `, "persistentVolumeClaims": [{"metadata": {"name": "claim"}}],
			 "pods": [` + podText("p", "1", `"nodeSelector": {"topology.kubernetes.io/zone": "z2"}, `+claim) + `,
			` + podText("q", "1", claim) + `]`,
			"new small: default/q; out: default/p",
		}, {
			"the claim of an ephemeral volume is made",
			storage + `, "pods": [` + podText("p", "1", `"volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}], `) + `]`,
			"new small: default/p",
		}, {
			"a node takes no more volumes of a driver than it can attach",
			storage + `, "persistentVolumeClaims": [{"metadata": {"name": "claim"}}, {"metadata": {"name": "running"}}],
			 "nodes": [` + nodeText("", "", podText("r", "1", runningClaim)) + `],
			 "pods": [` + podText("p", "1", claim) + `, ` + podText("q", "500m", "") + `]`,
			"new small: default/p; node: default/q",
		}, {
			"anti-affinity with matchLabelKeys is against pods of the same label only",
			`"nodes": [` + nodeText(`, "kubernetes.io/hostname": "node"`, "",
				strings.Replace(podText("r", "1", ""), `"version": "1"`, `"version": "2"`, 1)) + `],
			 "pods": [` + podText("p", "1", `"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
				{"labelSelector": {"matchLabels": {"app": "a"}}, "topologyKey": "kubernetes.io/hostname", "matchLabelKeys": ["version"]}]}}, `) + `]`,
			"node: default/p",
		}, {
			"anti-affinity of a pod that runs keeps pods away",
			`"nodes": [` + nodeText(`, "kubernetes.io/hostname": "node"`, "",
				podText("r", "1", `"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
				{"labelSelector": {"matchLabels": {"app": "a"}}, "topologyKey": "kubernetes.io/hostname"}]}}, `)) + `],
			 "pods": [` + podText("p", "1", "") + `]`,
			"new small: default/p",
		},
	}
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) {
			answer := solveText(t, problemText(one.parts), nil)
			if got := placed(answer); got != one.want {
				t.Errorf("got %q, want %q (%+v)", got, one.want, answer.Unscheduled)
			}
		})
	}
}

func TestPreferencesAreHeldUnlessIgnored(t *testing.T) {
	text := problemText(`"pods": [` + podText("p", "1", `"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
		{"weight": 1, "preference": {"matchExpressions": [{"key": "example.com/size", "operator": "In", "values": ["large"]}]}}]}}, `) + `]`)
	if got := placed(solveText(t, text, nil)); got != "new large: default/p" {
		t.Errorf("held: got %q", got)
	}
	ignored := solveText(t, text, func(asked *arguments) { asked.preferencePolicy = "Ignore" })
	if got := placed(ignored); got != "new small: default/p" {
		t.Errorf("ignored: got %q", got)
	}
}

func TestMinValuesAreHeldUnlessTheProblemGivesThemUp(t *testing.T) {
	text := strings.Replace(problemText(`"pods": [`+podText("p", "4", "")+`]`), `"requirements": []`,
		`"requirements": [{"key": "node.kubernetes.io/instance-type", "operator": "Exists", "minValues": 2}]`, 1)
	if got := placed(solveText(t, text, func(asked *arguments) { asked.minValuesPolicy = "" })); got != "out: default/p" {
		t.Errorf("held: got %q", got)
	}
	givenUp := strings.Replace(text, `"name": "test"`, `"name": "test", "minValuesPolicy": "BestEffort"`, 1)
	if got := placed(solveText(t, givenUp, func(asked *arguments) { asked.minValuesPolicy = "" })); got != "new large: default/p" {
		t.Errorf("given up: got %q", got)
	}
}

func TestPodsNotTriedInTimeAreOutWithThatReason(t *testing.T) {
	text := problemText(`"pods": [` + podText("p", "1", "") + `]`)
	answer := solveText(t, text, func(asked *arguments) { asked.timeout = time.Nanosecond })
	if !answer.TimedOut || placed(answer) != "out: default/p" || !strings.Contains(answer.Unscheduled[0].Error, "time limit") {
		t.Errorf("timed out %v: %s %+v", answer.TimedOut, placed(answer), answer.Unscheduled)
	}
}

func TestGzipIsRecognisedByItsContent(t *testing.T) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write([]byte(problemText(`"pods": [` + podText("p", "1", "") + `]`))); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if got := placed(solveText(t, packed.String(), nil)); got != "new small: default/p" {
		t.Errorf("got %q", got)
	}
}

func TestReservedOfferingsAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "problem.json")
	text := strings.ReplaceAll(problemText(`"pods": []`), `"spot"`, `"reserved"`)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := run(context.Background(), arguments{problemPath: path, workers: 1, minValuesPolicy: "Strict"})
	if err == nil || !strings.Contains(err.Error(), "offerings[1].capacityType") {
		t.Errorf("got %v", err)
	}
}
