// The only door to fastify, which is in a bundle of its own: a process that serves no HTTP never reads it.

import swagger from '@fastify/swagger';
import fastify from 'fastify';

export { fastify, swagger };
