// Door of hints: what somebody probably meant who wrote a label or a value that nothing has.
export { HintFinder, type LabelHint, type LabelVocabulary, labelHints } from './labels.ts';
export { nearTexts } from './spelling.ts';
