/** Reads a text with its escapes undone, and remembers where in the text each character stands. */

/** Character `i` of `text` stands at `from[i]` up to `to[i]` in the text that was given. */
export interface View {
  text: string;
  from: Int32Array;
  to: Int32Array;
}

/** For instance JSON in a URL in JSON. Bounded, because `%2525252e` can be nested as deep as the text is long. */
const MAX_LEVELS = 4;

/** Percent-encoding and quoted-printable, escapes of JavaScript and JSON, character references of HTML. */
const ESCAPES =
  /[%=]([0-9a-f]{2})|\\x([0-9a-f]{2})|[%\\]u([0-9a-f]{4})|&#x0*([0-9a-f]{1,4});|&#0*(\d{1,5});|&(amp|lt|gt|quot|apos);|\\([^ux])/gi;
const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Without one of these a text has no escapes. */
const ESCAPE_SIGNS = /[%=\\&]/;

/** What takes no ink: white space, controls, and what Unicode says is to be ignored if a font does not know it. */
const BLANKS = () => /[\s\p{C}\p{Default_Ignorable_Code_Point}\u2800]+/gu;
/** No invisible characters and no blanks but spaces. Most lines are; to compile `\p{C}` takes half a millisecond. */
export const PLAIN_TEXT = /^[ -~“”’…]*$/;

/** The text as it is, then as it is with one level of escapes undone, with two, and so on. */
export function viewsOf(text: string): View[] {
  const from = new Int32Array(text.length);
  const to = new Int32Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    from[at] = at;
    to[at] = at + 1;
  }
  const views: View[] = [{ text, from, to }];
  if (!ESCAPE_SIGNS.test(text)) return views;
  for (const view of views) {
    const next = rewrite(view, ESCAPES, undo);
    if (next.text !== view.text && views.length <= MAX_LEVELS) views.push(next);
  }
  return views;
}

/** Without white space and invisible characters, which a server may have put between the characters of a secret. */
export function withoutBlanks(view: View): View {
  return rewrite(view, PLAIN_TEXT.test(view.text) ? / +/g : BLANKS(), () => '');
}

function undo([whole, percent, hex, unit, reference, decimal, name, literal]: RegExpExecArray): string {
  const digits = percent ?? hex ?? unit ?? reference;
  if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
  if (decimal !== undefined) return String.fromCharCode(Number(decimal));
  return literal ?? NAMED[name?.toLowerCase() ?? ''] ?? whole;
}

/** @param replace gives one character or none */
function rewrite(view: View, pattern: RegExp, replace: (match: RegExpExecArray) => string): View {
  if (view.text.search(pattern) === -1) return view;
  const from = new Int32Array(view.text.length);
  const to = new Int32Array(view.text.length);
  let text = '';
  let end = 0;
  const copy = (upTo: number) => {
    from.set(view.from.subarray(end, upTo), text.length);
    to.set(view.to.subarray(end, upTo), text.length);
    text += view.text.slice(end, upTo);
  };
  for (const match of view.text.matchAll(pattern)) {
    copy(match.index);
    end = match.index + match[0].length;
    const character = replace(match);
    if (character === '') continue;
    from[text.length] = view.from[match.index] ?? 0;
    to[text.length] = view.to[end - 1] ?? 0;
    text += character;
  }
  copy(view.text.length);
  return { text, from, to };
}
