/** In which colour a state is told, wherever it is. */
import type { Tone } from './parts';

export const healthTones: Record<string, Tone> = { new: 'plain', ok: 'good', failing: 'bad' };
export const hookTones: Record<string, Tone> = { active: 'good', paused: 'warn', disabled: 'bad', failing: 'bad' };
