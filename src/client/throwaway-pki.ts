export * from '../base/throwaway-pki.ts'
