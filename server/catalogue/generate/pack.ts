// `npm run catalogue:pack`: makes the images of all regions from the committed facts.

import { packRegions } from '../pack.ts';

console.log(`catalogue: images of ${(packRegions() / 1024).toFixed(0)} KiB in all written`);
