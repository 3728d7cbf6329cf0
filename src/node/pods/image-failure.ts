import { StartFailure } from './start-failure.ts'

/** Why a container's image is not on the node. */
export class ImageFailure extends StartFailure {}
