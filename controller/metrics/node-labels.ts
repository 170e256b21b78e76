// Which labels of nodes their series carry: Karpenter's well-known labels.

/**
 * Labels of nodes that every series of a node carries, by the names that the series have for them: what stands after the
 * slash, in snake case.
 */
export const NODE_LABELS = {
  nodepool: 'karpenter.sh/nodepool',
  zone: 'topology.kubernetes.io/zone',
  region: 'topology.kubernetes.io/region',
  instance_type: 'node.kubernetes.io/instance-type',
  arch: 'kubernetes.io/arch',
  os: 'kubernetes.io/os',
  capacity_type: 'karpenter.sh/capacity-type',
  windows_build: 'node.kubernetes.io/windows-build',
  zone_id: 'topology.k8s.aws/zone-id',
  capacity_reservation_id: 'karpenter.k8s.aws/capacity-reservation-id',
  capacity_reservation_type: 'karpenter.k8s.aws/capacity-reservation-type',
  capacity_reservation_interruptible: 'karpenter.k8s.aws/capacity-reservation-interruptible',
  instance_hypervisor: 'karpenter.k8s.aws/instance-hypervisor',
  instance_encryption_in_transit_supported: 'karpenter.k8s.aws/instance-encryption-in-transit-supported',
  instance_category: 'karpenter.k8s.aws/instance-category',
  instance_capability_flex: 'karpenter.k8s.aws/instance-capability-flex',
  instance_family: 'karpenter.k8s.aws/instance-family',
  instance_generation: 'karpenter.k8s.aws/instance-generation',
  instance_size: 'karpenter.k8s.aws/instance-size',
  instance_local_nvme: 'karpenter.k8s.aws/instance-local-nvme',
  instance_cpu: 'karpenter.k8s.aws/instance-cpu',
  instance_cpu_manufacturer: 'karpenter.k8s.aws/instance-cpu-manufacturer',
  instance_cpu_sustained_clock_speed_mhz: 'karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz',
  instance_memory: 'karpenter.k8s.aws/instance-memory',
  instance_ebs_bandwidth: 'karpenter.k8s.aws/instance-ebs-bandwidth',
  instance_network_bandwidth: 'karpenter.k8s.aws/instance-network-bandwidth',
  instance_gpu_name: 'karpenter.k8s.aws/instance-gpu-name',
  instance_gpu_manufacturer: 'karpenter.k8s.aws/instance-gpu-manufacturer',
  instance_gpu_count: 'karpenter.k8s.aws/instance-gpu-count',
  instance_gpu_memory: 'karpenter.k8s.aws/instance-gpu-memory',
  instance_accelerator_name: 'karpenter.k8s.aws/instance-accelerator-name',
  instance_accelerator_manufacturer: 'karpenter.k8s.aws/instance-accelerator-manufacturer',
  instance_accelerator_count: 'karpenter.k8s.aws/instance-accelerator-count',
  instance_tenancy: 'karpenter.k8s.aws/instance-tenancy',
  placement_group_id: 'karpenter.k8s.aws/placement-group-id',
  placement_group_partition: 'karpenter.k8s.aws/placement-group-partition',
} as const;
