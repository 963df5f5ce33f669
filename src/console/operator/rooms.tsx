import type { ReactNode } from 'react';
import { RoomsPanel } from '../panels/rooms';
import { useWords } from '../strings/words';
import { PageHead } from '../ui/states';

/** All rooms; a room is made on its owner's page. */
export function RoomsPage(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PageHead title={t('nav.rooms')} says={t('rooms.all')} />
      <RoomsPanel />
    </>
  );
}
