// The door of controller/random: seeded chance for simulations. Nothing that decides in a real cluster imports it.
export { type Chance, openChance } from './chance.ts';
