import type { MailLanguage } from '../mail/mail';
import type { MailKind } from './people-mails';

type Words = Readonly<
  Record<MailKind, { readonly subject: string; readonly text: (link: string) => string }>
>;

const WORDS: Readonly<Record<MailLanguage, Words>> = {
  en: {
    invitation: {
      subject: 'Your invitation to 123-voip',
      text: (link) =>
        `You are invited to work with this service. Choose a password within seven days:\n\n${link}\n\nIf you do not know about this, ignore this mail.`,
    },
    'confirm-mail': {
      subject: 'Confirm your mail address',
      text: (link) =>
        `Open this link within 48 hours to confirm your mail address and open your account:\n\n${link}\n\nIf you did not sign up, ignore this mail: nothing will be opened.`,
    },
    'reset-password': {
      subject: 'A new password',
      text: (link) =>
        `Choose a new password within one hour:\n\n${link}\n\nIf you did not ask for this, ignore this mail: your password stays as it is.`,
    },
    'mail-taken': {
      subject: 'You have an account already',
      text: (link) =>
        `Somebody, perhaps you, tried to sign up with this mail address, which has an account already. You can sign in, or set a new password, here:\n\n${link}\n\nIf it was not you, there is nothing to do.`,
    },
    'password-changed': {
      subject: 'Your password was changed',
      text: (link) =>
        `The password of your account was changed, and all sessions have ended. If it was not you, set a new password at once:\n\n${link}`,
    },
    'link-added': {
      subject: 'Another way to sign in',
      text: (link) =>
        `An account at another provider was linked to yours, and signs in to it from now on. If it was not you, set a new password and remove the linked account:\n\n${link}`,
    },
  },
  es: {
    invitation: {
      subject: 'Su invitación a 123-voip',
      text: (link) =>
        `Le invitamos a trabajar con este servicio. Elija una contraseña en un plazo de siete días:\n\n${link}\n\nSi no sabe de qué se trata, ignore este mensaje.`,
    },
    'confirm-mail': {
      subject: 'Confirme su dirección de correo',
      text: (link) =>
        `Abra este enlace en un plazo de 48 horas para confirmar su dirección y abrir su cuenta:\n\n${link}\n\nSi no se ha registrado, ignore este mensaje: no se abrirá nada.`,
    },
    'reset-password': {
      subject: 'Una contraseña nueva',
      text: (link) =>
        `Elija una contraseña nueva en el plazo de una hora:\n\n${link}\n\nSi no la ha pedido, ignore este mensaje: su contraseña no cambia.`,
    },
    'mail-taken': {
      subject: 'Ya tiene una cuenta',
      text: (link) =>
        `Alguien, quizá usted, ha intentado registrarse con esta dirección, que ya tiene una cuenta. Aquí puede entrar o elegir una contraseña nueva:\n\n${link}\n\nSi no ha sido usted, no tiene que hacer nada.`,
    },
    'password-changed': {
      subject: 'Su contraseña ha cambiado',
      text: (link) =>
        `La contraseña de su cuenta ha cambiado y todas las sesiones se han cerrado. Si no ha sido usted, elija enseguida una nueva:\n\n${link}`,
    },
    'link-added': {
      subject: 'Otra forma de entrar',
      text: (link) =>
        `Se ha vinculado a la suya una cuenta de otro proveedor, con la que desde ahora se puede entrar. Si no ha sido usted, elija una contraseña nueva y quite la cuenta vinculada:\n\n${link}`,
    },
  },
  fr: {
    invitation: {
      subject: 'Votre invitation à 123-voip',
      text: (link) =>
        `Vous êtes invité à travailler avec ce service. Choisissez un mot de passe dans les sept jours :\n\n${link}\n\nSi vous n’êtes pas au courant, ignorez ce message.`,
    },
    'confirm-mail': {
      subject: 'Confirmez votre adresse',
      text: (link) =>
        `Ouvrez ce lien dans les 48 heures pour confirmer votre adresse et ouvrir votre compte :\n\n${link}\n\nSi vous ne vous êtes pas inscrit, ignorez ce message : rien ne sera ouvert.`,
    },
    'reset-password': {
      subject: 'Un nouveau mot de passe',
      text: (link) =>
        `Choisissez un nouveau mot de passe dans l’heure :\n\n${link}\n\nSi vous ne l’avez pas demandé, ignorez ce message : votre mot de passe ne change pas.`,
    },
    'mail-taken': {
      subject: 'Vous avez déjà un compte',
      text: (link) =>
        `Quelqu’un, peut-être vous, a voulu s’inscrire avec cette adresse, qui a déjà un compte. Vous pouvez vous connecter ou choisir un nouveau mot de passe ici :\n\n${link}\n\nSi ce n’était pas vous, il n’y a rien à faire.`,
    },
    'password-changed': {
      subject: 'Votre mot de passe a changé',
      text: (link) =>
        `Le mot de passe de votre compte a changé et toutes les sessions sont terminées. Si ce n’était pas vous, choisissez-en tout de suite un nouveau :\n\n${link}`,
    },
    'link-added': {
      subject: 'Une autre façon de se connecter',
      text: (link) =>
        `Un compte d’un autre fournisseur a été lié au vôtre et permet désormais de s’y connecter. Si ce n’était pas vous, choisissez un nouveau mot de passe et retirez le compte lié :\n\n${link}`,
    },
  },
  de: {
    invitation: {
      subject: 'Ihre Einladung zu 123-voip',
      text: (link) =>
        `Sie sind eingeladen, mit diesem Dienst zu arbeiten. Wählen Sie innerhalb von sieben Tagen ein Passwort:\n\n${link}\n\nWenn Sie davon nichts wissen, beachten Sie diese Nachricht nicht.`,
    },
    'confirm-mail': {
      subject: 'Bestätigen Sie Ihre Mailadresse',
      text: (link) =>
        `Öffnen Sie diesen Link innerhalb von 48 Stunden, um Ihre Adresse zu bestätigen und Ihr Konto zu eröffnen:\n\n${link}\n\nWenn Sie sich nicht angemeldet haben, beachten Sie diese Nachricht nicht: Es wird nichts eröffnet.`,
    },
    'reset-password': {
      subject: 'Ein neues Passwort',
      text: (link) =>
        `Wählen Sie innerhalb einer Stunde ein neues Passwort:\n\n${link}\n\nWenn Sie das nicht wollten, beachten Sie diese Nachricht nicht: Ihr Passwort bleibt, wie es ist.`,
    },
    'mail-taken': {
      subject: 'Sie haben schon ein Konto',
      text: (link) =>
        `Jemand, vielleicht Sie, wollte sich mit dieser Adresse anmelden, die schon ein Konto hat. Hier können Sie sich anmelden oder ein neues Passwort wählen:\n\n${link}\n\nWenn Sie es nicht waren, ist nichts zu tun.`,
    },
    'password-changed': {
      subject: 'Ihr Passwort wurde geändert',
      text: (link) =>
        `Das Passwort Ihres Kontos wurde geändert, und alle Sitzungen sind beendet. Wenn Sie es nicht waren, wählen Sie sofort ein neues:\n\n${link}`,
    },
    'link-added': {
      subject: 'Ein weiterer Weg, sich anzumelden',
      text: (link) =>
        `Ein Konto bei einem anderen Anbieter wurde mit Ihrem verknüpft und meldet ab jetzt dort an. Wenn Sie es nicht waren, wählen Sie ein neues Passwort und entfernen Sie das verknüpfte Konto:\n\n${link}`,
    },
  },
  ar: {
    invitation: {
      subject: 'دعوتك إلى 123-voip',
      text: (link) =>
        `أنت مدعو للعمل مع هذه الخدمة. اختر كلمة مرور خلال سبعة أيام:\n\n${link}\n\nإن لم تكن على علم بذلك فتجاهل هذه الرسالة.`,
    },
    'confirm-mail': {
      subject: 'أكد عنوان بريدك',
      text: (link) =>
        `افتح هذا الرابط خلال 48 ساعة لتأكيد عنوانك وفتح حسابك:\n\n${link}\n\nإن لم تسجل فتجاهل هذه الرسالة: لن يفتح أي حساب.`,
    },
    'reset-password': {
      subject: 'كلمة مرور جديدة',
      text: (link) =>
        `اختر كلمة مرور جديدة خلال ساعة واحدة:\n\n${link}\n\nإن لم تطلب ذلك فتجاهل هذه الرسالة: تبقى كلمة مرورك كما هي.`,
    },
    'mail-taken': {
      subject: 'لديك حساب بالفعل',
      text: (link) =>
        `حاول شخص ما، ربما أنت، التسجيل بهذا العنوان الذي له حساب بالفعل. يمكنك الدخول أو اختيار كلمة مرور جديدة هنا:\n\n${link}\n\nإن لم تكن أنت فلا داعي لفعل شيء.`,
    },
    'password-changed': {
      subject: 'تم تغيير كلمة مرورك',
      text: (link) =>
        `تم تغيير كلمة مرور حسابك وانتهت جميع الجلسات. إن لم تكن أنت فاختر كلمة مرور جديدة فورا:\n\n${link}`,
    },
    'link-added': {
      subject: 'طريقة أخرى للدخول',
      text: (link) =>
        `تم ربط حساب لدى مزود آخر بحسابك، ويمكن الدخول به من الآن. إن لم تكن أنت فاختر كلمة مرور جديدة وأزل الحساب المرتبط:\n\n${link}`,
    },
  },
};

/** Subject and text of a mail to a person in a language; `link` is where it leads, on a line of its own: marks of direction beside it would become part of the address. */
export function mailText(
  language: MailLanguage,
  kind: MailKind,
  link: string,
): { readonly subject: string; readonly text: string } {
  const { subject, text } = WORDS[language][kind];
  return { subject, text: `${text(link)}\n` };
}
