# Verificar permisos IAM
aws iam get-role --role-name KarpenterControllerRole-${CLUSTER_NAME}

# Validar tags de subnets
aws ec2 describe-subnets --filters "Name=tag:karpenter.sh/discovery,Values=${CLUSTER_NAME}"

# Revisar logs para errores específicos
kubectl logs -n karpenter -l app.kubernetes.io/name=karpenter --tail=200 | grep -i error
