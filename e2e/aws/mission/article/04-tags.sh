# Obtener subnet IDs del clúster
SUBNET_IDS=$(aws eks describe-cluster --name $CLUSTER_NAME \
  --query "cluster.resourcesVpcConfig.subnetIds" --output text)

# Etiquetar cada subnet
for SUBNET_ID in $SUBNET_IDS; do
  aws ec2 create-tags --resources $SUBNET_ID \
    --tags Key=karpenter.sh/discovery,Value=$CLUSTER_NAME
done

# Obtener security group del clúster
CLUSTER_SG=$(aws eks describe-cluster --name $CLUSTER_NAME \
  --query "cluster.resourcesVpcConfig.clusterSecurityGroupId" --output text)

# Etiquetar security group
aws ec2 create-tags --resources $CLUSTER_SG \
  --tags Key=karpenter.sh/discovery,Value=$CLUSTER_NAME

echo "✅ Subnets y security groups etiquetados correctamente"
