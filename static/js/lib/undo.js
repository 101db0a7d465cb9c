/**
 * What was done and what was undone, without a limit. It keeps commands; doing and undoing them is the owner's business.
 * @template Command
 */
export class UndoStack {
  /** @type {Command[]} */ #done = [];
  /** @type {Command[]} */ #undone = [];

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** Note something new; what was undone before can no longer be redone. @param {Command} command */
  push(command) {
    this.#done.push(command);
    this.#undone = [];
  }

  /** @returns {Command | undefined} the command to undo now */
  undo() {
    const command = this.#done.pop();
    if (command !== undefined) this.#undone.push(command);
    return command;
  }

  /** @returns {Command | undefined} the command to do again now */
  redo() {
    const command = this.#undone.pop();
    if (command !== undefined) this.#done.push(command);
    return command;
  }

  /** Forget commands that can no longer be undone safely. @param {(command: Command) => boolean} gone */
  forget(gone) {
    this.#done = this.#done.filter((command) => !gone(command));
    this.#undone = this.#undone.filter((command) => !gone(command));
  }
}
