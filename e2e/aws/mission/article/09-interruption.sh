# Crear SQS queue para interrupciones
aws sqs create-queue --queue-name ${CLUSTER_NAME}-karpenter-interruption

# Configurar EventBridge para Spot interruptions
aws events put-rule \
  --name ${CLUSTER_NAME}-karpenter-spot-interruption \
  --event-pattern '{
    "source": ["aws.ec2"],
    "detail-type": ["EC2 Spot Instance Interruption Warning"]
  }'

# Agregar target (SQS queue)
aws events put-targets \
  --rule ${CLUSTER_NAME}-karpenter-spot-interruption \
  --targets "Id"="1","Arn"="arn:aws:sqs:${AWS_REGION}:${AWS_ACCOUNT_ID}:${CLUSTER_NAME}-karpenter-interruption"
