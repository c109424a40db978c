import { ServiceError } from '#core/errors.ts'
import type { Input, Intake, Receipt } from '#core/ports/intake.ts'

/**
 * The door for those outside. While history is fetched it is shut for telemetry, which is told to come again: behind live samples of the
 * same series, history would be late, and teach nobody.
 */
export class Gate implements Intake {
  readonly #intake: Intake
  #open: boolean

  constructor(intake: Intake, open: boolean) {
    this.#intake = intake
    this.#open = open
  }

  get isOpen(): boolean {
    return this.#open
  }

  open(): void {
    this.#open = true
  }

  submit(input: Input): Promise<Receipt> {
    const waits = !this.#open && (input.kind === 'otlp' || input.kind === 'samples')
    if (waits) return Promise.reject(new ServiceError('unavailable', 'history is being fetched; come again'))
    return this.#intake.submit(input)
  }
}
