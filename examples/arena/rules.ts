/**
 * The numbers of the arena that server and clients share. Lengths are units of the world, times seconds.
 *
 * @module
 */

/** How fast players run, units a second: across the world in five seconds. */
export const PLAYER_SPEED = 16;

/** How near a bullet must come. */
export const PLAYER_RADIUS = 1;

/** How fast bullets fly, units a second. */
export const BULLET_SPEED = 32;

/** How long bullets fly. */
export const BULLET_LIFE_SECONDS = 1.25;

/** What a bullet costs who is hit. */
export const BULLET_DAMAGE = 25;

/** Shortest time between two shots of a player. */
export const FIRE_PAUSE_SECONDS = 0.25;

/** How long the dead wait. */
export const RESPAWN_SECONDS = 3;

/** How long who just came is safe. */
export const SAFE_SECONDS = 1;
