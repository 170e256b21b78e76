# Instalar OpenCost para análisis
kubectl apply -f https://raw.githubusercontent.com/opencost/opencost/develop/kubernetes/opencost.yaml

# Habilitar consolidación agresiva
kubectl patch nodepool default --type merge -p '{
  "spec": {
    "disruption": {
      "consolidationPolicy": "WhenEmptyOrUnderutilized"
    }
  }
}'
