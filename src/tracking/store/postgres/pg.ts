// The only door to pg, which is in a bundle of its own: a process that speaks to no database never reads it.

import { Client } from 'pg';

export { Client };
