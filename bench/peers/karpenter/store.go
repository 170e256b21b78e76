// The cluster's objects in memory, read as Karpenter reads its informer caches: by key or by index, each object copied.
// Controller-runtime's fake client would do, but it copies through JSON, and that time would be charged to Karpenter.
package main

import (
	"context"
	"fmt"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	namespaceIndex = "namespace"
	nodeNameIndex  = "spec.nodeName"
)

// store answers Get and List. Nothing writes while Karpenter schedules: the embedded client is nil, so that a call this
// program does not foresee ends it instead of being answered wrongly.
type store struct {
	client.Client
	byType map[reflect.Type]cache.Indexer
}

func newStore() *store {
	return &store{byType: map[reflect.Type]cache.Indexer{}}
}

// add keeps the object itself; it must not change afterwards.
func (s *store) add(object client.Object) error {
	return s.indexer(reflect.TypeOf(object)).Add(object)
}

// indexer: the objects of a type; pointerType is that of a pointer to it.
func (s *store) indexer(pointerType reflect.Type) cache.Indexer {
	indexer, found := s.byType[pointerType]
	if found {
		return indexer
	}
	indexers := cache.Indexers{namespaceIndex: cache.MetaNamespaceIndexFunc}
	if pointerType == reflect.TypeFor[*corev1.Pod]() {
		indexers[nodeNameIndex] = func(object any) ([]string, error) {
			return []string{object.(*corev1.Pod).Spec.NodeName}, nil
		}
	}
	indexer = cache.NewIndexer(cache.MetaNamespaceKeyFunc, indexers)
	s.byType[pointerType] = indexer
	return indexer
}

func (s *store) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	indexer, known := s.byType[reflect.TypeOf(object)]
	if known {
		// What has no namespace is found by its name alone, whatever namespace is asked for.
		for _, name := range []string{key.String(), key.Name} {
			stored, found, err := indexer.GetByKey(name)
			if err != nil {
				return err
			}
			if found {
				copied := stored.(runtime.Object).DeepCopyObject()
				reflect.ValueOf(object).Elem().Set(reflect.ValueOf(copied).Elem())
				return nil
			}
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: fmt.Sprintf("%T", object)}, key.Name)
}

func (s *store) List(_ context.Context, list client.ObjectList, listOptions ...client.ListOption) error {
	asked := client.ListOptions{}
	asked.ApplyOptions(listOptions)
	items := reflect.TypeOf(list).Elem()
	field, hasItems := items.FieldByName("Items")
	if !hasItems {
		return fmt.Errorf("list %T: it has no items", list)
	}
	elementType := field.Type.Elem()
	if elementType.Kind() != reflect.Pointer {
		elementType = reflect.PointerTo(elementType)
	}
	var found []any
	if indexer, known := s.byType[elementType]; known {
		var err error
		if found, err = s.candidates(indexer, asked); err != nil {
			return fmt.Errorf("list %T: %w", list, err)
		}
	}
	kept := make([]runtime.Object, 0, len(found))
	for _, entry := range found {
		object := entry.(client.Object)
		if asked.Namespace != "" && object.GetNamespace() != asked.Namespace {
			continue
		}
		if asked.LabelSelector != nil && !asked.LabelSelector.Matches(labels.Set(object.GetLabels())) {
			continue
		}
		if asked.UnsafeDisableDeepCopy != nil && *asked.UnsafeDisableDeepCopy {
			kept = append(kept, object)
		} else {
			kept = append(kept, object.DeepCopyObject())
		}
	}
	return meta.SetList(list, kept)
}

// candidates uses the narrowest index that the question allows.
func (s *store) candidates(indexer cache.Indexer, asked client.ListOptions) ([]any, error) {
	if asked.FieldSelector != nil && !asked.FieldSelector.Empty() {
		value, exact := asked.FieldSelector.RequiresExactMatch(nodeNameIndex)
		if !exact {
			return nil, fmt.Errorf("the field selector %s has no index here", asked.FieldSelector)
		}
		return indexer.ByIndex(nodeNameIndex, value)
	}
	if asked.Namespace != "" {
		return indexer.ByIndex(namespaceIndex, asked.Namespace)
	}
	return indexer.List(), nil
}
