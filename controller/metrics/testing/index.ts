// The door of controller/metrics/testing: reads metrics as strictly as they are written.
export { parseStrictly, type ScrapedMetric, scrapedValue } from './strict-text.ts';
