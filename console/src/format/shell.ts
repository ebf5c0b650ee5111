/** A word of a command line as a shell reads it back: quoted where it has anything but plain signs. */
export function inShell(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
