# Ver logs del controller
kubectl logs -n karpenter -l app.kubernetes.io/name=karpenter -c controller --tail=100

# Describir NodePool
kubectl describe nodepool default

# Ver eventos de Karpenter
kubectl get events -n karpenter --sort-by='.lastTimestamp'

# Listar nodos gestionados por Karpenter
kubectl get nodes -l karpenter.sh/nodepool

# Ver recursos de nodos
kubectl top nodes -l karpenter.sh/nodepool=default
