// The problem format, read into Kubernetes objects as a cluster would hold them. Nothing here decides where a pod goes.
package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	karpenterv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
)

// problem is one packing problem. Quantities are Kubernetes quantities, prices US dollars an hour.
type problem struct {
	Name                   string                          `json:"name"`
	NodePools              []*karpenterv1.NodePool         `json:"nodePools"`
	InstanceTypes          []instanceType                  `json:"instanceTypes"`
	Pods                   []*corev1.Pod                   `json:"pods"`
	DaemonSets             []*appsv1.DaemonSet             `json:"daemonSets"`
	Nodes                  []node                          `json:"nodes"`
	PersistentVolumeClaims []*corev1.PersistentVolumeClaim `json:"persistentVolumeClaims"`
	PersistentVolumes      []*corev1.PersistentVolume      `json:"persistentVolumes"`
	StorageClasses         []*storagev1.StorageClass       `json:"storageClasses"`
	Namespaces             []*corev1.Namespace             `json:"namespaces"`
	PreferencePolicy       string                          `json:"preferencePolicy"`
	MinValuesPolicy        string                          `json:"minValuesPolicy"`
}

type instanceType struct {
	Name      string              `json:"name"`
	Labels    map[string]string   `json:"labels"`
	Capacity  corev1.ResourceList `json:"capacity"`
	Overhead  corev1.ResourceList `json:"overhead"`
	Offerings []offering          `json:"offerings"`
}

type offering struct {
	Zone         string  `json:"zone"`
	CapacityType string  `json:"capacityType"`
	Price        float64 `json:"price"`
	// Absent means available.
	Available *bool `json:"available"`
}

// node is a node that exists, with the pods that run on it.
type node struct {
	Name        string              `json:"name"`
	Labels      map[string]string   `json:"labels"`
	Taints      []corev1.Taint      `json:"taints"`
	Capacity    corev1.ResourceList `json:"capacity"`
	Allocatable corev1.ResourceList `json:"allocatable"`
	Pods        []*corev1.Pod       `json:"pods"`
}

// readProblem reads and completes the problem at path; - is standard input. The seed decides the order of equal pods.
func readProblem(path string, seed uint64) (*problem, error) {
	source := os.Stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		source = file
	}
	buffered := bufio.NewReaderSize(source, 1<<20)
	var text io.Reader = buffered
	if head, _ := buffered.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("unpack %s: %w", path, err)
		}
		text = unpacked
	}
	var read problem
	if err := json.NewDecoder(text).Decode(&read); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(read.InstanceTypes) == 0 {
		return nil, errors.New("instanceTypes is empty: without instance types nothing can be launched")
	}
	return &read, read.complete(rand.New(rand.NewPCG(seed, 0)))
}

// complete adds what an API server would have added before Karpenter saw the objects.
func (p *problem) complete(random *rand.Rand) error {
	names := map[string]bool{}
	for index, pod := range p.Pods {
		if pod == nil || pod.Name == "" {
			return fmt.Errorf("pods[%d].metadata.name is missing", index)
		}
		if names[pod.Name] {
			return fmt.Errorf("pods[%d]: pod %s is in the problem twice: names are unique", index, pod.Name)
		}
		names[pod.Name] = true
		// Karpenter keys what it knows of a pod by UID and takes equal pods in the order of theirs. In a cluster that order
		// is random, and prices hang on it; the file's own order would be one that no cluster has.
		completePod(pod, types.UID(fmt.Sprintf("%016x-%08d", random.Uint64(), index)))
	}
	for index, daemonSet := range p.DaemonSets {
		completeObject(&daemonSet.ObjectMeta, types.UID(fmt.Sprintf("daemonset-%04d", index)))
		setDefaultRequests(&daemonSet.Spec.Template.Spec)
		setDefaultPorts(&daemonSet.Spec.Template.Spec)
	}
	for index := range p.Nodes {
		for number, pod := range p.Nodes[index].Pods {
			completePod(pod, types.UID(fmt.Sprintf("running-%06d-%04d", index, number)))
			p.adoptDaemonPod(pod)
		}
	}
	p.completeVolumes()
	return nil
}

// adoptDaemonPod points a running daemon pod's owner reference at the problem's DaemonSet of that name.
func (p *problem) adoptDaemonPod(pod *corev1.Pod) {
	for index := range pod.OwnerReferences {
		owner := &pod.OwnerReferences[index]
		if owner.Kind != "DaemonSet" {
			continue
		}
		for _, daemonSet := range p.DaemonSets {
			if daemonSet.Name == owner.Name && daemonSet.Namespace == pod.Namespace {
				owner.UID = daemonSet.UID
			}
		}
	}
}

func completeObject(meta *metav1.ObjectMeta, uid types.UID) {
	if meta.Namespace == "" {
		meta.Namespace = metav1.NamespaceDefault
	}
	if meta.UID == "" {
		meta.UID = uid
	}
}

func completePod(pod *corev1.Pod, uid types.UID) {
	completeObject(&pod.ObjectMeta, uid)
	setDefaultRequests(&pod.Spec)
	setDefaultPorts(&pod.Spec)
	if affinity := pod.Spec.Affinity; affinity != nil {
		if affinity.PodAffinity != nil {
			mergeLabelKeys(pod, affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution,
				affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
		}
		if affinity.PodAntiAffinity != nil {
			mergeLabelKeys(pod, affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution,
				affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
		}
	}
}

// setDefaultRequests: a limit without a request is a request too.
func setDefaultRequests(spec *corev1.PodSpec) {
	for _, containers := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for index := range containers {
			resources := &containers[index].Resources
			for name, quantity := range resources.Limits {
				if _, found := resources.Requests[name]; found {
					continue
				}
				if resources.Requests == nil {
					resources.Requests = corev1.ResourceList{}
				}
				resources.Requests[name] = quantity
			}
		}
	}
}

// setDefaultPorts: on the host's network every port is one of the host's, and a port without a protocol is TCP.
func setDefaultPorts(spec *corev1.PodSpec) {
	for _, containers := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for index := range containers {
			for number := range containers[index].Ports {
				port := &containers[index].Ports[number]
				if port.Protocol == "" {
					port.Protocol = corev1.ProtocolTCP
				}
				if spec.HostNetwork && port.HostPort == 0 {
					port.HostPort = port.ContainerPort
				}
			}
		}
	}
}

// mergeLabelKeys turns matchLabelKeys and mismatchLabelKeys of affinity terms into selector expressions, which is how
// an API server stores them and the only form in which Karpenter reads them.
func mergeLabelKeys(pod *corev1.Pod, required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) {
	merge := func(term *corev1.PodAffinityTerm) {
		if term.LabelSelector == nil {
			return
		}
		add := func(keys []string, operator metav1.LabelSelectorOperator) {
			for _, key := range keys {
				value, found := pod.Labels[key]
				if !found {
					continue
				}
				term.LabelSelector.MatchExpressions = append(term.LabelSelector.MatchExpressions,
					metav1.LabelSelectorRequirement{Key: key, Operator: operator, Values: []string{value}})
			}
		}
		add(term.MatchLabelKeys, metav1.LabelSelectorOpIn)
		add(term.MismatchLabelKeys, metav1.LabelSelectorOpNotIn)
	}
	for index := range required {
		merge(&required[index])
	}
	for index := range preferred {
		merge(&preferred[index].PodAffinityTerm)
	}
}
