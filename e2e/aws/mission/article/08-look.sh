kubectl get nodes -l karpenter.sh/nodepool=default
kubectl get pods -o wide
