import { NaiveStore } from './naive-store.ts'
import { storeContract } from './store.contract.ts'

storeContract('naive store', async () => {
  const store = new NaiveStore()
  return {
    store,
    async reopen() {
      store.reopen()
      return store
    },
    async dispose() {},
  }
})
