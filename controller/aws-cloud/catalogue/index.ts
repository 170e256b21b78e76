// The door of controller/aws-cloud/catalogue: what an account's region sells, read from AWS.
export { AwsCatalogue, type AwsCatalogueOptions, type KnownPrice, type KnownPrices } from './aws-catalogue.ts';
export { type Recording, recordRegion } from './recording.ts';
