// What is wrong with a request whose shape does not fit, as a sentence: which property it is, and what belongs there.
// Pure.

import { nearest } from '../../foundation/base/nearest.js';
import { printable } from '../../foundation/torrent/names.js';

/** As the validator reports it. */
export interface ShapeFault {
  readonly keyword: string;
  /** '' for the whole, '/name' for a property. */
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string | undefined;
}

/** What the HTTP library refuses by itself → what to do. */
const UNREADABLE: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not valid JSON; send one object, such as {"name":"disk.img"}',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty; send one object as JSON, such as {}',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the body is no JSON; send an object as application/json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is larger than any request that is answered here; send less',
};

/** @param known names of the properties that the request takes. @param document where they are described. */
export function inputMistake(fault: ShapeFault, known: readonly string[], document: string): string {
  const { keyword, instancePath, params, message = 'does not fit' } = fault;
  const name = printable(instancePath.slice(1));
  const see = `GET ${document} describes it`;
  switch (keyword) {
    case 'required':
      return `${params['missingProperty']} is missing; ${see}`;
    case 'additionalProperties': {
      const stranger = String(params['additionalProperty']);
      const near = nearest(stranger, known);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      return `this request has no "${printable(stranger.slice(0, STRANGER_SHOWN_MAX))}"${hint}; ${see}`;
    }
    case 'enum':
      return `${name} is not one of ${(params['allowedValues'] as readonly unknown[]).join(', ')}`;
    case 'maxLength':
      return `${name} has more than ${params['limit']} characters; ${see}`;
    default:
      return name === '' ? `send one object as JSON; ${see}` : `${name} ${message}; ${see}`;
  }
}

/** Characters of a name that nobody knows. */
const STRANGER_SHOWN_MAX = 80;

/** @param code of the HTTP library. */
export function unreadableRequest(code: string | undefined, otherwise: string): string {
  return UNREADABLE[code ?? ''] ?? otherwise;
}
