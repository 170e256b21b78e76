// The status of an EC2NodeClass: what its selectors found.
import { defaulted, flag, list, moment, oneOf, optional, record, required, text } from './schema/index.ts';
import { condition } from './template-fields.ts';

const subnet = record('One subnet.', {
  id: required(text('Its id.')),
  zone: required(text('Its zone, such as us-west-2a: a name that means another zone in another account.')),
  zoneID: optional(text('The id of its zone, such as usw2-az1: the same in every account.')),
});

const securityGroup = record('One security group.', {
  id: required(text('Its id.')),
  name: optional(text('Its name.')),
});

const image = record('One image.', {
  id: required(text('Its id.')),
  name: optional(text('Its name.')),
  deprecated: optional(flag('True once its owner has withdrawn it: it is used only where no other is left.')),
  requirements: required(
    list(
      record('One condition on the labels of an instance type.', {
        key: required(text('The label.')),
        operator: required(text('How the label is compared.')),
        values: optional(
          list(text('One value of the label.'), 'What the operator compares with.', { merge: 'atomic' }),
        ),
      }),
      'Instance types that the image is for.',
    ),
  ),
});

const reservation = record('One capacity reservation.', {
  id: required(text('Its id.', { pattern: '^cr-[0-9a-z]+$' })),
  instanceType: required(text('The instance type that is reserved.')),
  availabilityZone: required(text('The zone that it is reserved in.')),
  ownerID: required(text('The account that owns it.', { pattern: '^[0-9]{12}$' })),
  instanceMatchCriteria: required(
    oneOf(['open', 'targeted'], 'open: any instance that matches uses it; targeted: only those that name it.'),
  ),
  reservationType: defaulted(
    oneOf(['default', 'capacity-block'], 'A reservation without an end of its own, or a block for a fixed time.'),
    'default',
  ),
  state: defaulted(
    oneOf(['active', 'expiring'], 'expiring: it ends soon, and nothing is launched into it any more.'),
    'active',
  ),
  interruptible: optional(flag('True where its owner may take it back.')),
  endTime: optional(moment('When it ends; nothing where it does not.')),
});

export const nodeClassStatus = record('What is known about the node class. Written by the controller.', {
  subnets: optional(list(subnet, 'Subnets that were found, those with the most free addresses first.')),
  securityGroups: optional(list(securityGroup, 'Security groups that were found.')),
  amis: optional(list(image, 'Images that were found, the preferred ones first.')),
  capacityReservations: optional(list(reservation, 'Capacity reservations that were found.')),
  instanceProfile: optional(text('Instance profile that nodes get.')),
  conditions: optional(
    list(
      condition,
      'What holds: SubnetsReady, SecurityGroupsReady, AMIsReady, InstanceProfileReady, CapacityReservationsReady, PlacementGroupReady and ValidationSucceeded, which together make it Ready.',
    ),
  ),
});
