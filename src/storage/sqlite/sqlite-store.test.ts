import { storeContract } from '../store.contract.ts'
import { openScratchStore } from './scratch.ts'

storeContract('SQLite store', openScratchStore)
