// Text from outside, made safe for a terminal: a name may hold escape sequences that move the cursor, retitle the window or hide text.

/**
 * C0 and C1 controls, DEL, line and paragraph separators, and the marks that change the direction of text
 * (https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Writes each unsafe character as an escape, `\u001b`. In a JSON text the escape means the same character. */
export function printable(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** The same for a text of several lines: line breaks stay. */
export function printableLines(text: string): string {
  return text.replace(UNSAFE, (character) => (character === '\n' ? character : escaped(character)));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
