// What the control plane does with volume claims before a scheduler sees them: claims of ephemeral volumes are made, and
// claims that name no class get the default one.
package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	defaultClassAnnotation = "storageclass.kubernetes.io/is-default-class"
	boundAnnotation        = "pv.kubernetes.io/bind-completed"
)

func (p *problem) completeVolumes() {
	known := map[string]bool{}
	for _, claim := range p.PersistentVolumeClaims {
		completeObject(&claim.ObjectMeta, types.UID("claim-"+claim.Name))
		known[claim.Namespace+"/"+claim.Name] = true
		if claim.Spec.VolumeName != "" {
			markBound(claim)
		}
	}
	makeClaims := func(pod *corev1.Pod) {
		for _, volume := range pod.Spec.Volumes {
			name := fmt.Sprintf("%s-%s", pod.Name, volume.Name)
			if volume.Ephemeral == nil || volume.Ephemeral.VolumeClaimTemplate == nil || known[pod.Namespace+"/"+name] {
				continue
			}
			template := volume.Ephemeral.VolumeClaimTemplate.DeepCopy()
			p.PersistentVolumeClaims = append(p.PersistentVolumeClaims, &corev1.PersistentVolumeClaim{
				ObjectMeta: metav1.ObjectMeta{
					Name: name, Namespace: pod.Namespace, Labels: template.Labels, UID: types.UID("claim-" + name),
				},
				Spec: template.Spec,
			})
		}
	}
	for _, pod := range p.Pods {
		makeClaims(pod)
	}
	for index := range p.Nodes {
		for _, pod := range p.Nodes[index].Pods {
			makeClaims(pod)
		}
	}
	if class := p.defaultStorageClass(); class != nil {
		for _, claim := range p.PersistentVolumeClaims {
			if claim.Spec.StorageClassName == nil && claim.Spec.VolumeName == "" {
				claim.Spec.StorageClassName = &class.Name
			}
		}
	}
}

// markBound: a claim that names its volume is one that the volume controller has bound; Karpenter waits for its mark.
func markBound(claim *corev1.PersistentVolumeClaim) {
	if claim.Annotations == nil {
		claim.Annotations = map[string]string{}
	}
	claim.Annotations[boundAnnotation] = "yes"
	if claim.Status.Phase == "" {
		claim.Status.Phase = corev1.ClaimBound
	}
}

// defaultStorageClass: the newest of those marked as default, then the first by name.
func (p *problem) defaultStorageClass() *storagev1.StorageClass {
	var best *storagev1.StorageClass
	for _, class := range p.StorageClasses {
		if class.Annotations[defaultClassAnnotation] != "true" {
			continue
		}
		if best == nil || best.CreationTimestamp.Before(&class.CreationTimestamp) ||
			(best.CreationTimestamp.Equal(&class.CreationTimestamp) && class.Name < best.Name) {
			best = class
		}
	}
	return best
}
