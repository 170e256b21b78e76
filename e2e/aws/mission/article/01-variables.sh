# Definir variables del clúster
export CLUSTER_NAME="mi-cluster-eks"
export AWS_REGION="us-east-1"
export AWS_ACCOUNT_ID="$(aws sts get-caller-identity --query Account --output text)"
export KARPENTER_VERSION="1.0.2"

# Verificar configuración
echo "Clúster: $CLUSTER_NAME"
echo "Región: $AWS_REGION"
echo "Account ID: $AWS_ACCOUNT_ID"
