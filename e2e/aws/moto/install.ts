// `npm run e2e:aws:install`: makes the Python environment of the tests, if it is not there yet.
import { installMoto } from './environment.ts';

console.log(`moto is there: ${installMoto()}`);
